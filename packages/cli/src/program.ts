/**
 * The command tree of commander, made from the specs. Parsing only: what a command does lies in
 * its own file, and every failure leaves here as an error.
 */
import { Command as Commander, CommanderError } from "commander";
import { commandInput } from "./command-input.ts";
import { type NounSpec, type PlainSpec, type SharedFlag, sharedFlags, type VerbSpec } from "./command-spec.ts";
import type { CliContext, CliStreams } from "./context.ts";
import { UsageProblem } from "./usage-problem.ts";

export interface ProgramRequest {
  readonly nouns: readonly NounSpec[];
  readonly plain: readonly PlainSpec[];
  readonly version: string;
  readonly streams: CliStreams;
  /** The machine's ports, loaded when a command runs. */
  readonly loadContext: () => Promise<CliContext>;
}

/** Shared flags that may stand before the noun as well. */
const LEADING_FLAGS: readonly SharedFlag[] = ["config", "json", "quiet"];

/** The parser misunderstood nothing: it printed help or the version, and that is all. */
export class ShownHelp extends Error {
  override readonly name = "ShownHelp";
}

/**
 * Parses the arguments and runs the command that they name.
 * @throws ShownHelp, UsageProblem, or what the command throws
 */
export async function runProgram(argv: readonly string[], request: ProgramRequest): Promise<void> {
  const program = baseCommand(new Commander("mvm"), request)
    .description("OpenClaw for many tenants, each in microVMs of its own.")
    .version(request.version, "-V, --version", "print the version")
    .helpCommand("help [command...]", "show a command with its examples")
    .enablePositionalOptions()
    .addHelpText(
      "after",
      examplesText(["node status", "instance list", "instance logs acme-gw-0", "help instance start"]),
    );
  for (const flag of LEADING_FLAGS) program.option(sharedFlags[flag].flags, sharedFlags[flag].summary);
  for (const noun of request.nouns) addNoun(program, noun, request);
  for (const spec of request.plain) addVerb(program, spec, request);
  try {
    await program.parseAsync(withHelpFlag(argv), { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) throw new ShownHelp();
    throw new UsageProblem(usageMessage(error.message), { cause: error });
  }
}

/** `mvm` alone and `mvm help …` as the flag, which every level understands. */
function withHelpFlag(argv: readonly string[]): readonly string[] {
  if (argv.length === 0) return ["--help"];
  return argv[0] === "help" ? [...argv.slice(1), "--help"] : argv;
}

function addNoun(program: Commander, noun: NounSpec, request: ProgramRequest): void {
  const command = baseCommand(program.command(noun.name), request).description(noun.summary);
  for (const verb of noun.verbs) addVerb(command, verb, request);
  const names = noun.verbs.map(({ name }) => name).join(", ");
  command
    .argument("[verb]")
    .usage("[command]")
    .action((verb: string | undefined) => {
      throw new UsageProblem(
        verb === undefined
          ? `say what to do with ${noun.name}: ${names}`
          : `unknown command '${noun.name} ${verb}'; there is: ${names}`,
      );
    });
  command.allowExcessArguments().allowUnknownOption().helpCommand(false);
}

function addVerb(parent: Commander, spec: VerbSpec, request: ProgramRequest): void {
  const command = baseCommand(parent.command(spec.name), request).description(spec.summary);
  for (const arg of spec.args ?? []) command.argument(arg);
  for (const { flags, summary } of spec.options ?? []) command.option(flags, summary);
  for (const flag of spec.shared) command.option(sharedFlags[flag].flags, sharedFlags[flag].summary);
  command.addHelpText("after", examplesText(spec.examples));
  command.action(async (...given: unknown[]) => {
    const options = { ...leadingOptions(command, spec), ...command.opts() };
    const [run, context] = await Promise.all([spec.load(), request.loadContext()]);
    await run(context, commandInput(given.slice(0, spec.args?.length ?? 0), options));
  });
}

/** What stood before the noun; a flag that the command does not know is a mistake there too. */
function leadingOptions(command: Commander, spec: VerbSpec): Readonly<Record<string, unknown>> {
  let root = command;
  while (root.parent !== null) root = root.parent;
  const given = root.opts();
  const foreign = LEADING_FLAGS.find((flag) => given[flag] !== undefined && !spec.shared.includes(flag));
  if (foreign !== undefined) throw new UsageProblem(`--${foreign} means nothing to '${spec.name}'`);
  return given;
}

function baseCommand(command: Commander, { streams }: ProgramRequest): Commander {
  return command
    .exitOverride()
    .allowExcessArguments(false)
    .showSuggestionAfterError(true)
    .helpOption("-h, --help", "show this help")
    .configureHelp({ showGlobalOptions: false })
    .configureOutput({
      writeOut: (text) => streams.stdout.write(text),
      // Errors are thrown and printed by the one printer.
      writeErr: () => undefined,
      getOutHelpWidth: () => Math.min(streams.stdout.columns(), 100),
      getOutHasColors: () => false,
    });
}

function examplesText(examples: readonly string[]): string {
  return `\nExamples:\n${examples.map((example) => `  $ mvm ${example}`).join("\n")}`;
}

/** `error: unknown option '--jsn'\n(Did you mean --json?)` as one line. */
function usageMessage(message: string): string {
  return message.replace(/^error: /, "").replace(/\n\(Did you mean (.*)\?\)$/, "; did you mean $1?");
}
