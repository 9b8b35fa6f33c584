import assert from "node:assert/strict";
import { test } from "node:test";
import { isMvmError, MvmError } from "@mvm/core";
import { undoLaunch } from "./undo-launch.ts";

const cause = new Error("why");
const unconfined = new MvmError("MVM_VM_CONFINEMENT", {
  message: "acme-gw-0 runs as root",
  remedy: "Look at the jailer.",
  cause,
  details: { broken: ["uid"], pid: 7 },
});
const stuck = new MvmError("MVM_VM_DRIVER", {
  message: "process 8 does not die",
  retry: "backoff",
  details: { pid: 8, startTicks: 1 },
});
const fails = (failure: Error) => (): Promise<void> => Promise.reject(failure);

test("an undo that succeeds leaves the error what it is", async () => {
  assert.equal(await undoLaunch(unconfined, () => Promise.resolve()), unconfined);
});

test("one that fails is told behind the error, whose code, remedy, retry, cause and details stay", async () => {
  const told = await undoLaunch(unconfined, fails(stuck));
  assert.ok(isMvmError(told, "MVM_VM_CONFINEMENT"));
  assert.equal(told.message, "acme-gw-0 runs as root; taking the VM back failed, too: process 8 does not die");
  assert.deepEqual([told.remedy, told.retry, told.cause], ["Look at the jailer.", "never", cause]);
  assert.deepEqual(told.details, { broken: ["uid"], pid: 7, startTicks: 1 });
});

test("an abort's reason becomes the cause of an error that tells of both", async () => {
  const reason = new Error("a newer intent");
  const told = await undoLaunch(reason, fails(stuck));
  assert.ok(isMvmError(told, "MVM_VM_DRIVER"));
  assert.match(told.message, /^a newer intent; .*process 8 does not die$/);
  assert.deepEqual([told.retry, told.cause], ["backoff", reason]);
});
