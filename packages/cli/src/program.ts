/**
 * The command tree of commander, made from the specs. Parsing only: what a command does lies in
 * its own file, and every failure leaves here as an error.
 */
import { Command as Commander, CommanderError } from "commander";
import { type CommandInput, commandInput } from "./command-input.ts";
import { type NounSpec, type PlainSpec, type SharedFlag, sharedFlags, type VerbSpec } from "./command-spec.ts";
import type { CliStreams } from "./context.ts";
import { UsageProblem } from "./usage-problem.ts";

export interface CommandTree {
  readonly nouns: readonly NounSpec[];
  readonly plain: readonly PlainSpec[];
  readonly version: string;
}

/** A command that was asked for, with what was typed after its name. */
export interface AskedCommand {
  /** As typed after `mvm `: `instance start`. */
  readonly name: string;
  readonly spec: VerbSpec;
  readonly input: CommandInput;
}

interface Parsing extends CommandTree {
  readonly stdout: CliStreams["stdout"];
  readonly ask: (command: AskedCommand) => void;
}

/** Shared flags that may stand before the noun as well. */
const LEADING_FLAGS: readonly SharedFlag[] = ["config", "json", "quiet"];

/**
 * The command that the arguments ask for; null when help or the version was, which is printed.
 * @throws UsageProblem
 */
export function parseCommandLine(
  argv: readonly string[],
  tree: CommandTree,
  stdout: CliStreams["stdout"],
): AskedCommand | null {
  let asked: AskedCommand | null = null;
  const program = programOf({ ...tree, stdout, ask: (command) => (asked = command) });
  try {
    program.parse(argv, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // No command, only flags: commander's own way of showing the help then would be an error.
    if (error.code === "commander.help") program.outputHelp();
  }
  return asked;
}

function programOf(parsing: Parsing): Commander {
  const program = baseCommand(new Commander("mvm"), parsing)
    .description("OpenClaw for many tenants, each in microVMs of its own.")
    .version(parsing.version, "-V, --version", "print the version")
    .helpCommand(false)
    .enablePositionalOptions()
    .addHelpText(
      "after",
      examplesText(["node status", "instance list", "instance logs acme-gw-0", "help instance start"]),
    );
  for (const flag of LEADING_FLAGS) program.option(sharedFlags[flag].flags, sharedFlags[flag].summary);
  for (const noun of parsing.nouns) addNoun(program, noun, parsing);
  for (const spec of parsing.plain) addVerb(program, spec, parsing);
  baseCommand(program.command("help"), parsing)
    .description("show a command with its examples")
    .argument("[command...]")
    .action((words: readonly string[]) => showHelp(program, words));
  return program;
}

/** @throws UsageProblem for words that name no command, as the parser has it without `help` */
function showHelp(program: Commander, words: readonly string[]): void {
  let command = program;
  for (const [index, word] of words.entries()) {
    const next = command.commands.find((candidate) => candidate.name() === word);
    if (next === undefined) {
      if (command.commands.length > 0) program.parse(words.slice(0, index + 1), { from: "user" });
      const name = nameOf(command);
      throw new UsageProblem(`'${name}' has no commands of its own: '${word}' is too much`, { command: name });
    }
    command = next;
  }
  command.outputHelp();
}

function addNoun(program: Commander, noun: NounSpec, parsing: Parsing): void {
  const command = baseCommand(program.command(noun.name), parsing).description(noun.summary);
  for (const verb of noun.verbs) addVerb(command, verb, parsing);
  const names = noun.verbs.map(({ name }) => name).join(", ");
  command
    .argument("[verb]")
    .usage("[command]")
    .action((verb: string | undefined) => {
      throw new UsageProblem(
        verb === undefined
          ? `say what to do with ${noun.name}: ${names}`
          : `unknown command '${noun.name} ${verb}'; there is: ${names}`,
        { command: noun.name },
      );
    });
  command.allowExcessArguments().allowUnknownOption().helpCommand(false);
}

function addVerb(parent: Commander, spec: VerbSpec, parsing: Parsing): void {
  const command = baseCommand(parent.command(spec.name), parsing).description(spec.summary);
  const name = nameOf(command);
  for (const arg of spec.args ?? []) command.argument(arg);
  for (const { flags, summary } of spec.options ?? []) command.option(flags, summary);
  for (const flag of spec.shared) command.option(sharedFlags[flag].flags, sharedFlags[flag].summary);
  command.addHelpText("after", examplesText(spec.examples));
  command.action((...given: unknown[]) => {
    const typed = { ...leadingOptions(command, spec), ...command.opts() };
    // A program reads no progress, and what it reads on stderr is to be the error.
    const options = typed["json"] === true ? { ...typed, quiet: true } : typed;
    parsing.ask({ name, spec, input: commandInput(given.slice(0, spec.args?.length ?? 0), options) });
  });
}

/** What stood before the noun; a flag that the command does not know is a mistake there too. */
function leadingOptions(command: Commander, spec: VerbSpec): Readonly<Record<string, unknown>> {
  let root = command;
  while (root.parent !== null) root = root.parent;
  const given = root.opts();
  const foreign = LEADING_FLAGS.find((flag) => given[flag] !== undefined && !spec.shared.includes(flag));
  const name = nameOf(command);
  if (foreign !== undefined) throw new UsageProblem(`--${foreign} means nothing to '${name}'`, { command: name });
  return given;
}

/** A command as it is typed after `mvm `; empty for the program itself. */
function nameOf(command: Commander): string {
  if (command.parent === null) return "";
  return `${nameOf(command.parent)} ${command.name()}`.trimStart();
}

function baseCommand(command: Commander, { stdout }: Parsing): Commander {
  return command
    .exitOverride((error) => {
      if (error.exitCode === 0 || error.code === "commander.help") throw error;
      throw new UsageProblem(usageMessage(error.message), { cause: error, command: nameOf(command) });
    })
    .allowExcessArguments(false)
    .showSuggestionAfterError(true)
    .helpOption("-h, --help", "show this help")
    .configureHelp({ showGlobalOptions: false })
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      // Errors are thrown and printed by the one printer.
      writeErr: () => undefined,
      getOutHelpWidth: () => Math.min(stdout.columns(), 100),
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
