/**
 * The command port on Linux: one child process, without a shell, in a session of its own.
 *
 * Made once by a composition root. At a deadline, an abort or too much output the whole process
 * group is asked to end, then killed, so that nothing a command started stays behind. What a
 * command printed goes into an error's details only, never into its message.
 */
import { spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { MvmError, type CommandRequest, type CommandResult, type CommandRunner } from "@mvm/core";
import { BoundedText } from "./bounded-text.ts";
import { stopperOf, type Child, type Ending, type KillGroup, type Stop } from "./child-stopper.ts";

/** All that a command inherits: a fixed path and messages that can be parsed. */
export const BASE_ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
  LC_ALL: "C",
};
const DEFAULT_MAX_OUTPUT_BYTES = 4 * 1024 * 1024;
const STDERR_TAIL_CHARS = 2_000;

/** @param killGroup for tests of what can't be killed */
export function createLinuxCommands(killGroup: KillGroup = (pid, signal) => process.kill(-pid, signal)): CommandRunner {
  return { run: (request) => run(request, killGroup) };
}

async function run(request: CommandRequest, killGroup: KillGroup): Promise<CommandResult> {
  request.signal?.throwIfAborted();
  const child = start(request);
  const stopper = stopperOf(child, killGroup);
  const limit = request.maxOutputBytes ?? DEFAULT_MAX_OUTPUT_BYTES;
  const collect = (stream: Readable): BoundedText => {
    const text = new BoundedText({
      limitBytes: limit,
      onOverflow: () => stopper.stop({ why: "output" }),
      ...lineCallback(request),
    });
    stream.on("data", (chunk: Buffer) => text.add(chunk));
    return text;
  };
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];

  const deadline = setTimeout(() => stopper.stop({ why: "timeout" }), request.timeoutMs);
  const onAbort = (): void => stopper.stop({ why: "abort", reason: request.signal?.reason });
  request.signal?.addEventListener("abort", onAbort, { once: true });
  try {
    const ending = await Promise.race([ended(child, request), stopper.gaveUp]);
    stdout.end();
    stderr.end();
    const stop = stopper.stopped();
    if (stop !== null) throw errorOfStop(stop, request, stderr.text);
    if (ending.code === null || !(request.okCodes ?? [0]).includes(ending.code))
      throw failure(request, ending, stderr.text);
    return { code: ending.code, stdout: stdout.text, stderr: stderr.text };
  } finally {
    clearTimeout(deadline);
    request.signal?.removeEventListener("abort", onAbort);
    stopper.release();
  }
}

function lineCallback({ onLine }: CommandRequest): { onLine?: (line: string) => void } {
  return onLine === undefined ? {} : { onLine };
}

function start({ argv, cwd, env, stdin }: CommandRequest): Child {
  const [program, ...args] = argv;
  const child = spawn(program, args, {
    cwd: cwd ?? "/",
    env: { ...BASE_ENVIRONMENT, ...env },
    // A session, and so a process group, of its own: what is killed is all that it started.
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
  });
  // A command that ends without reading its input is no error by itself.
  child.stdin.on("error", () => undefined);
  child.stdin.end(stdin ?? "");
  return child;
}

/** Resolves when the process has ended and its output is read whole. */
function ended(child: Child, { argv }: CommandRequest): Promise<Ending> {
  return new Promise((resolve, reject) => {
    child.once("error", (cause) => {
      const message = `can't run ${argv[0]}: it is not installed or not executable`;
      const remedy = "Install the package that holds it.";
      reject(
        new MvmError("MVM_HOST_COMMAND_FAILED", {
          message,
          remedy,
          cause,
          details: { program: argv[0], missing: true },
        }),
      );
    });
    child.once("close", (code, signal) => resolve({ code, signal }));
  });
}

function errorOfStop(stop: Stop, request: CommandRequest, stderr: string): unknown {
  const { argv } = request;
  switch (stop.why) {
    case "abort":
      return stop.reason;
    case "timeout": {
      const message = `${argv[0]} did not end within ${request.timeoutMs} ms`;
      return new MvmError("MVM_HOST_COMMAND_TIMEOUT", {
        message,
        retry: "backoff",
        details: detailsOf(request, stderr),
      });
    }
    case "output":
      return new MvmError("MVM_HOST_COMMAND_FAILED", {
        message: `${argv[0]} printed more than ${request.maxOutputBytes ?? DEFAULT_MAX_OUTPUT_BYTES} bytes`,
        details: detailsOf(request, stderr),
      });
  }
}

function failure(request: CommandRequest, { code, signal }: Ending, stderr: string): MvmError {
  const how = code === null ? `was ended by ${signal ?? "a signal"}` : `ended with exit code ${code}`;
  return new MvmError("MVM_HOST_COMMAND_FAILED", {
    message: `${request.argv[0]} ${how}`,
    details: { ...detailsOf(request, stderr), exit_code: code, signal },
  });
}

function detailsOf({ argv }: CommandRequest, stderr: string): Readonly<Record<string, unknown>> {
  return { program: argv[0], stderr: stderr.slice(-STDERR_TAIL_CHARS) };
}
