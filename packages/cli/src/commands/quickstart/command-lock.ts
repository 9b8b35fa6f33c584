/**
 * One quickstart command at a time, up or down: an exclusive lock in the state directory, which ends
 * with the process, and beside it who holds it, for the error of whoever comes second.
 */
import { join } from "node:path";
import { type Clock, type Files, MvmError } from "@mvm/core";
import * as z from "zod";
import type { QuickstartHost } from "./host-port.ts";
import {
  HOLDER_FILE,
  isOwn,
  LOCK_FILE,
  OWN_DIRECTORY_MODE,
  requireOwnOrEmpty,
  UNMARKED_FILES,
} from "./own-directory.ts";

const Holder = z.object({ pid: z.int(), command: z.string(), since: z.iso.datetime() });
const MAX_BYTES = 4096;

export interface LockRequest {
  readonly files: Files;
  readonly clock: Pick<Clock, "nowMs">;
  readonly host: Pick<QuickstartHost, "lock" | "pid">;
  readonly stateDir: string;
  /** As a user types it. */
  readonly command: string;
}

/**
 * Runs `work` while nobody else does; a state directory that `work` did not make its own is not left behind.
 * @throws MvmError MVM_QUICKSTART_REFUSED naming who holds it, MVM_CONFIG_EXISTS
 */
export async function withCommandLock<Result>(request: LockRequest, work: () => Promise<Result>): Promise<Result> {
  const { files, clock, host, stateDir, command } = request;
  await requireOwnOrEmpty(files, stateDir);
  await files.ensureDir(stateDir, { mode: OWN_DIRECTORY_MODE });
  const lock = host.lock(join(stateDir, LOCK_FILE));
  if (lock === null) throw await isHeld(request);
  try {
    const holder = { pid: host.pid, command, since: new Date(clock.nowMs()).toISOString() };
    await files.writeAtomic(join(stateDir, HOLDER_FILE), `${JSON.stringify(holder)}\n`);
    return await work();
  } finally {
    await leave(files, stateDir);
    lock.release();
  }
}

/** Whether there is anything to lock: an installation, or a command at work that has not claimed its directory yet. */
export async function isLockable(files: Files, stateDir: string): Promise<boolean> {
  if (await isOwn(files, stateDir)) return true;
  const names = await files.list(stateDir);
  return names.length > 0 && names.every((name) => UNMARKED_FILES.includes(name));
}

async function leave(files: Files, stateDir: string): Promise<void> {
  await files.remove(join(stateDir, HOLDER_FILE));
  if ((await files.stat(stateDir)) === null || (await isOwn(files, stateDir))) return;
  for (const name of UNMARKED_FILES) await files.remove(join(stateDir, name));
  if ((await files.list(stateDir)).length === 0) await files.remove(stateDir);
}

async function isHeld({ files, stateDir }: LockRequest): Promise<MvmError> {
  const text = (await files.read(join(stateDir, HOLDER_FILE), MAX_BYTES))?.toString("utf8") ?? "";
  const who = holderWords(text);
  return new MvmError("MVM_QUICKSTART_REFUSED", {
    message: `another quickstart is at work on ${stateDir}: ${who}`,
    remedy: "Wait until it has ended, or end it with Ctrl-C; what was asked for goes on.",
    details: { lock: join(stateDir, LOCK_FILE), holder: who },
  });
}

function holderWords(text: string): string {
  try {
    const { pid, command, since } = Holder.parse(JSON.parse(text));
    return `${command}, pid ${pid}, since ${since}`;
  } catch {
    // It has only just taken the lock.
    return "it has just begun";
  }
}
