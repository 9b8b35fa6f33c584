/** Questions on a real terminal: a pseudoterminal of `script`, with this process as the person before it. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import test from "node:test";
import { setTimeout } from "node:timers/promises";
import { stripVTControlCharacters } from "node:util";
import { requires } from "@mvm/testing";

const CLEAR_BELOW = "\u001b[0J";
const TIMEOUT_MS = 120_000;
const SETTLED_AFTER_MS = 300;
const CTRL_C = "\u0003";
const CTRL_D = "\u0004";

/** Asks one question and prints what came of it. */
const asking = (options: string): string => `
  import { processContext } from "${join(import.meta.dirname, "process-context.ts")}";
  import { processStreams } from "${join(import.meta.dirname, "process-streams.ts")}";
  const { stdin } = processContext(processStreams());
  const said = await stdin.ask("Type globex to go on: ", ${options}).catch((error) => error.name);
  console.log("got <" + said + ">");
  process.exit();
`;

interface Seen {
  /** What the screen showed of the question's line when something was typed. */
  readonly asked: string;
  /** Everything after that, its line ends as `\n`. */
  readonly afterwards: string;
}

async function ask(typed: string, options = "{}"): Promise<Seen> {
  const argv = ["-qec", `exec "$NODE" --input-type=module -e "$PROGRAM"`, "/dev/null"];
  const env = { ...process.env, SHELL: "/bin/sh", TERM: "xterm", NODE: process.execPath, PROGRAM: asking(options) };
  const terminal = spawn("script", argv, { env, stdio: ["pipe", "pipe", "inherit"], timeout: TIMEOUT_MS });
  let screen = "";
  terminal.stdout.on("data", (chunk: Buffer) => (screen += chunk.toString()));
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  while (!screen.includes("to go on: ")) await once(terminal.stdout, "data", { signal });
  // What comes right after the question, such as the clearing of its line, belongs to it.
  await setTimeout(SETTLED_AFTER_MS);
  const before = screen;
  terminal.stdin.write(typed);
  await once(terminal, "close");
  return {
    asked: stripVTControlCharacters(before.split(CLEAR_BELOW).at(-1) ?? ""),
    afterwards: stripVTControlCharacters(screen.slice(before.length)).replaceAll("\r", ""),
  };
}

const skip = await requires("terminal");

test("a question is seen, and so is the answer while it is typed", { skip }, async () => {
  assert.deepEqual(await ask("globex\r"), { asked: "Type globex to go on: ", afterwards: "globex\ngot <globex>\n" });
});

test("of a hidden answer only the question is seen", { skip }, async () => {
  const seen = await ask("globex\r", "{ hidden: true }");
  assert.deepEqual(seen, { asked: "Type globex to go on: ", afterwards: "\ngot <globex>\n" });
});

test("Ctrl-C ends the question and its line", { skip }, async () => {
  assert.equal((await ask(CTRL_C)).afterwards, "\ngot <AbortError>\n");
});

test("Ctrl-D is an empty answer", { skip }, async () => {
  assert.equal((await ask(CTRL_D)).afterwards, "\ngot <>\n");
});
