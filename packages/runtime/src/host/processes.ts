/**
 * The process port on Linux, over /proc: long-lived processes that outlive this one.
 *
 * A process is always a pid *and* its start time, looked at again right before a signal: Node has
 * no pidfd, so between look and signal stay microseconds, in which a pid would have to be reused.
 */
import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { readdir, readFile, readlink } from "node:fs/promises";
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { MvmError, type ProcessFacts, type ProcessRef, type Processes, type SpawnDetachedRequest } from "@mvm/core";
import { BASE_ENVIRONMENT } from "./commands.ts";
import { parseProcStat, parseProcStatus } from "./proc-status.ts";

const POLL_FIRST_MS = 2;
const POLL_LONGEST_MS = 50;
/** Zombies and the dead: nothing of theirs runs any more. */
const ENDED_STATES: ReadonlySet<string> = new Set(["Z", "X", "x"]);
/** No such file; no such process. */
const GONE_CODES: ReadonlySet<unknown> = new Set(["ENOENT", "ESRCH"]);

export function createLinuxProcesses(): Processes {
  return { spawnDetached, find, isAlive, signal: sendSignal, waitGone, facts, ofUid };
}

async function spawnDetached(request: SpawnDetachedRequest): Promise<ProcessRef> {
  const [program, ...args] = request.argv;
  const opened = [request.stdoutPath, request.stderrPath].map((path) =>
    path === undefined ? null : openSync(path, "a", 0o600),
  );
  const [stdout = null, stderr = null] = opened;
  try {
    const child = spawn(program, args, {
      cwd: request.cwd ?? "/",
      env: { ...BASE_ENVIRONMENT, ...request.env },
      detached: true,
      stdio: ["ignore", stdout ?? "ignore", request.stderrTap === undefined ? (stderr ?? "ignore") : "pipe"],
    });
    child.unref();
    if (child.pid === undefined) throw await spawnError(child, program);
    // Read before the event loop turns: until then even a process that has ended is not reaped.
    const { startTicks } = parseProcStat(readFileSync(`/proc/${child.pid}/stat`, "utf8"));
    tapStderr(child.stderr, request.stderrTap);
    return { pid: child.pid, startTicks };
  } finally {
    for (const fd of opened) if (fd !== null) closeSync(fd);
  }
}

function spawnError(child: ReturnType<typeof spawn>, program: string): Promise<MvmError> {
  return new Promise((resolve) => {
    child.once("error", (cause) => {
      const details = { program, missing: true };
      const message = `can't start ${program}: it is not installed or not executable`;
      resolve(
        new MvmError("MVM_HOST_COMMAND_FAILED", {
          message,
          remedy: "Install the package that holds it.",
          cause,
          details,
        }),
      );
    });
  });
}

function tapStderr(stream: Readable | null, tap: SpawnDetachedRequest["stderrTap"]): void {
  if (stream === null || tap === undefined) return;
  stream.setEncoding("utf8");
  stream.on("data", tap.onText);
  stream.on("end", tap.onEnd);
  stream.on("error", () => undefined);
  const letGo = (): void => void stream.destroy();
  if (tap.until.aborted) letGo();
  else tap.until.addEventListener("abort", letGo, { once: true });
}

async function find(pid: number): Promise<ProcessRef | null> {
  const stat = await readIfAlive(`/proc/${pid}/stat`);
  if (stat === null) return null;
  const { state, startTicks } = parseProcStat(stat);
  return ENDED_STATES.has(state) ? null : { pid, startTicks };
}

async function isAlive(ref: ProcessRef): Promise<boolean> {
  return (await find(ref.pid))?.startTicks === ref.startTicks;
}

async function sendSignal(ref: ProcessRef, name: "SIGTERM" | "SIGKILL" | "SIGINT"): Promise<boolean> {
  if (!(await isAlive(ref))) return false;
  try {
    return process.kill(ref.pid, name);
  } catch (error) {
    if (isGone(error)) return false;
    throw error;
  }
}

async function waitGone(ref: ProcessRef, timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  for (let pauseMs = POLL_FIRST_MS; ; pauseMs = Math.min(pauseMs * 2, POLL_LONGEST_MS)) {
    if (!(await isAlive(ref))) return true;
    const leftMs = deadline - performance.now();
    if (leftMs <= 0 || signal?.aborted === true) return false;
    await delay(Math.min(pauseMs, leftMs));
  }
}

async function facts(ref: ProcessRef): Promise<ProcessFacts | null> {
  const at = `/proc/${ref.pid}`;
  try {
    const [status, threads, cmdline, netNamespace, rootDir] = await Promise.all([
      readFile(`${at}/status`, "utf8").then(parseProcStatus),
      threadStatuses(at),
      readFile(`${at}/cmdline`, "utf8"),
      readlink(`${at}/ns/net`),
      readlink(`${at}/root`),
    ]);
    if (!(await isAlive(ref))) return null;
    return {
      ...status,
      // A promise is kept by the process when every thread keeps it.
      noNewPrivs: threads.every((thread) => thread.noNewPrivs),
      seccomp: Math.min(...threads.map((thread) => thread.seccomp)),
      netNamespace,
      rootDir,
      cmdline: cmdline.split("\0").slice(0, -1),
    };
  } catch (error) {
    if (isGone(error) || !(await isAlive(ref))) return null;
    throw error;
  }
}

async function threadStatuses(at: string): Promise<readonly ReturnType<typeof parseProcStatus>[]> {
  const ids = await readdir(`${at}/task`);
  const texts = await Promise.all(ids.map((id) => readIfAlive(`${at}/task/${id}/status`)));
  return texts.filter((text) => text !== null).map(parseProcStatus);
}

async function ofUid(uid: number): Promise<readonly ProcessRef[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const status = await readIfAlive(`/proc/${pid}/status`);
      return status !== null && parseProcStatus(status).uids[0] === uid ? find(Number(pid)) : null;
    }),
  );
  return found.filter((ref) => ref !== null);
}

/** A file of /proc, or null when its process has gone. */
async function readIfAlive(path: string): Promise<string | null> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (isGone(error)) return null;
    throw error;
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Error && "code" in error && GONE_CODES.has(error.code);
}
