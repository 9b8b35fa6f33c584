import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { isMvmError, type CommandRequest, type MvmError } from "@mvm/core";
import { createLinuxCommands } from "./commands.ts";

const commands = createLinuxCommands();
const run = (request: CommandRequest) => commands.run(request);
const shell = (script: string, more: Partial<CommandRequest> = {}) =>
  run({ argv: ["sh", "-c", script], timeoutMs: 10_000, ...more });
const failed = (check: (error: MvmError) => boolean) => (error: unknown) =>
  isMvmError(error, "MVM_HOST_COMMAND_FAILED") && check(error);

/** Whether a `sleep` of that many seconds still runs. */
async function alive(seconds: string): Promise<boolean> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const commandLines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
  return commandLines.includes(`sleep\0${seconds}\0`);
}

test("output, exit code and standard input arrive whole", async () => {
  const result = await shell("cat; echo oops >&2; exit 3", { stdin: "grüße\n", okCodes: [0, 3] });
  assert.deepEqual(result, { code: 3, stdout: "grüße\n", stderr: "oops\n" });
});

test("nothing is inherited but a fixed path and language", async () => {
  const { stdout } = await run({ argv: ["env"], timeoutMs: 5_000, env: { EXTRA: "1" } });
  assert.deepEqual(stdout.trim().split("\n").sort(), ["EXTRA=1", "LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"]);
});

test("another exit code is an error that keeps the output's tail out of its message", async () => {
  const error = failed(
    ({ message, details }) =>
      message === "sh ended with exit code 7" && details["stderr"] === "the reason\n" && details["exit_code"] === 7,
  );
  await assert.rejects(shell("echo the reason >&2; exit 7"), error);
});

test("a missing program is named", async () => {
  await assert.rejects(
    run({ argv: ["mvm-no-such-program"], timeoutMs: 1_000 }),
    failed(({ details }) => details["missing"] === true),
  );
});

test("at the deadline the whole group dies, also what ignores SIGTERM", async () => {
  const running = shell("sleep 871 & trap '' TERM; sleep 872 & wait; sleep 873", { timeoutMs: 200 });
  await assert.rejects(running, (error) => isMvmError(error, "MVM_HOST_COMMAND_TIMEOUT"));
  for (const word of ["871", "872", "873"]) assert.equal(await alive(word), false, word);
});

test("a grandchild in a session of its own that holds the pipes does not hold the caller", async () => {
  const beganAtMs = performance.now();
  // The second is still waited for; the first has ended, and only its output is open.
  for (const script of ["setsid sleep 876 & echo $!", "setsid sleep 876 & echo $!; trap '' TERM; sleep 877"]) {
    const pids: number[] = [];
    try {
      const running = shell(script, { timeoutMs: 200, onLine: (line) => pids.push(Number(line)) });
      await assert.rejects(running, (error) => isMvmError(error, "MVM_HOST_COMMAND_TIMEOUT"));
    } finally {
      for (const pid of pids) process.kill(pid, "SIGKILL");
    }
  }
  assert.ok(performance.now() - beganAtMs < 60_000);
});

test("what outlives being killed does not hold the caller either, whether late or aborted", async () => {
  const pids: number[] = [];
  const deaf = createLinuxCommands((pid) => pids.push(pid));
  try {
    const argv = ["sleep", "878"] as const;
    await assert.rejects(deaf.run({ argv, timeoutMs: 50 }), (error) => isMvmError(error, "MVM_HOST_COMMAND_TIMEOUT"));
    const reason = new Error("a newer intent");
    const signal = AbortSignal.abort(reason);
    await assert.rejects(deaf.run({ argv, timeoutMs: 60_000, signal }), reason);
    const abort = new AbortController();
    const running = deaf.run({ argv, timeoutMs: 60_000, signal: abort.signal });
    abort.abort(reason);
    await assert.rejects(running, reason);
  } finally {
    for (const pid of new Set(pids)) process.kill(-pid, "SIGKILL");
  }
});

test("a command that ends in time may clean up after SIGTERM", async () => {
  const lines: string[] = [];
  const running = shell("trap 'echo cleaned; exit 0' TERM; sleep 874 & wait", {
    timeoutMs: 200,
    onLine: (line) => lines.push(line),
  });
  await assert.rejects(running, (error) => isMvmError(error, "MVM_HOST_COMMAND_TIMEOUT"));
  assert.deepEqual(lines, ["cleaned"]);
});

test("an abort kills and rejects with the signal's reason", async () => {
  const reason = new Error("a newer intent");
  const abort = new AbortController();
  const running = shell("sleep 875", { signal: abort.signal });
  await delay(50);
  abort.abort(reason);
  await assert.rejects(running, reason);
  assert.equal(await alive("875"), false);
  await assert.rejects(shell("true", { signal: abort.signal }), reason);
});

test("too much output ends the command", async () => {
  await assert.rejects(
    shell("yes", { maxOutputBytes: 10_000 }),
    failed(({ message }) => message.includes("10000 bytes")),
  );
});

test("lines come one by one, split characters put together, the last without its end", async () => {
  const lines: string[] = [];
  await shell("printf 'a\\nb\\303'; sleep 0.05; printf '\\274\\nrest'; echo err >&2", {
    onLine: (line) => lines.push(line),
  });
  assert.deepEqual(
    lines.filter((line) => line !== "err"),
    ["a", "bü", "rest"],
  );
  assert.ok(lines.includes("err"));
});

test("input that nobody reads is no error, and the command runs in a session of its own", async () => {
  const { stdout } = await run({ argv: ["cat", "/proc/self/stat"], timeoutMs: 5_000, stdin: "x".repeat(1 << 20) });
  const [pid, session] = [stdout.split(" ")[0], stdout.split(" ")[5]];
  assert.equal(pid, session);
  assert.notEqual(session, (await readFile("/proc/self/stat", "utf8")).split(" ")[5]);
});
