import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after, beforeEach } from "node:test";
import { isMvmError, nodeClock, nodeFiles, takeExclusiveLock } from "@mvm/core";
import { withCommandLock } from "./command-lock.ts";
import { claimDirectory, removeOwn } from "./own-directory.ts";

const base = mkdtempSync(join(tmpdir(), "mvm-lock-"));
after(() => rmSync(base, { recursive: true }));
let stateDir = base;
beforeEach(() => {
  stateDir = join(mkdtempSync(join(base, "one-")), "state");
});

function locked<Result>(pid: number, work: () => Promise<Result>): Promise<Result> {
  const host = { lock: takeExclusiveLock, pid };
  return withCommandLock({ files: nodeFiles, clock: nodeClock, host, stateDir, command: "quickstart" }, work);
}

const nothing = (): Promise<void> => Promise.resolve();

test("a second command is refused by name while the first is at work, and may go on after it", async () => {
  await locked(4711, async () => {
    await claimDirectory(nodeFiles, stateDir, "whose");
    await assert.rejects(
      locked(4712, () => assert.fail("it must not work")),
      (error) => isMvmError(error, "MVM_QUICKSTART_REFUSED") && /quickstart, pid 4711, since 20/.test(error.message),
    );
  });
  await locked(4712, nothing);
});

test("a command that failed bars nobody, and leaves no directory that it did not claim", async () => {
  await assert.rejects(
    locked(1, () => Promise.reject(new Error("broken"))),
    /broken/,
  );
  assert.equal(existsSync(stateDir), false);
  await locked(2, nothing);
});

test("the directory may be removed below the lock", async () => {
  await locked(1, async () => {
    await claimDirectory(nodeFiles, stateDir, "whose");
    await removeOwn(nodeFiles, stateDir);
  });
  assert.equal(existsSync(stateDir), false);
});

test("nothing is put into a directory of somebody else's", async () => {
  mkdirSync(stateDir);
  writeFileSync(join(stateDir, "precious"), "");
  await assert.rejects(locked(1, nothing), (error) => isMvmError(error, "MVM_CONFIG_EXISTS"));
  assert.equal(existsSync(join(stateDir, "quickstart.lock")), false);
});
