/** Restores that must fail: with a code, in time, with nothing left of them and the snapshot as it was. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { copyFile, readFile, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { isMvmError, nodeClock, nodeFiles, type ErrorCode } from "@mvm/core";
import type { VmmDriver, VmRestore, VmSnapshot } from "@mvm/runtime";
import type { TestVm, VmFixture } from "../vm-fixture.ts";
import type { Bench, Case } from "./bench.ts";
import { helloOf } from "./guest.ts";
import { saved } from "./snapshot-cases.ts";
import { findsWord, leaveWord, startWitness } from "./witness.ts";

export const restoreRefusalCases: readonly Case[] = [
  ["a restore that can't be is refused in time, leaves nothing, and leaves the snapshot whole", refusals],
];

/** A VMM that hangs over a broken file would take longer. */
const DEADLINE_MS = 60_000;

async function refusals({ fixture, start }: Bench, context: TestContext): Promise<void> {
  const driver = start();
  const vm = await fixture.vm();
  const { handle } = await driver.launch(vm.launch);
  await startWitness(fixture, vm);
  const bootId = await helloOf(driver, handle);
  await leaveWord(fixture, vm, "whole");
  const snapshot = await saved(driver, handle, fixture);
  const before = await fingerprintOf(snapshot);

  const attempt: Attempt = { driver, fixture, vm };
  for (const [what, code, change] of await wrongRestores(vm, snapshot)) {
    await context.test(what, () => isRefused(attempt, { code, restore: { ...vm.launch, snapshot, ...change } }));
  }
  await context.test("aborted at moments that fall into different steps", () => isAborted(attempt, snapshot));
  assert.deepEqual(await fingerprintOf(snapshot), before, "the snapshot is as it was");

  const restored = await driver.restore({ ...vm.launch, snapshot });
  assert.equal(await helloOf(driver, restored.handle), bootId, "the snapshot was whole");
  await findsWord(fixture, vm, "whole");
  if (driver.capabilities.restoreConsumes) {
    const elsewhere = await fixture.vm();
    const { stateDir, runDir, uid, network } = elsewhere.launch;
    const restore = { ...vm.launch, stateDir, runDir, uid, network, snapshot };
    await isRefused({ driver, fixture, vm: elsewhere }, { code: "MVM_VM_DRIVER", restore });
    assert.equal(await driver.inspect(restored.handle), "running", "the restored VM does not notice");
  }
  await driver.kill(restored.handle);
  assert.deepEqual(await fixture.leftovers(vm), []);
}

type Wrong = readonly [what: string, code: ErrorCode, change: Partial<VmRestore>];

/** One thing wrong each. Changed files are copies: the snapshot itself is never touched. */
async function wrongRestores({ launch }: TestVm, snapshot: VmSnapshot): Promise<readonly Wrong[]> {
  const { size } = await stat(snapshot.state_path);
  const cut = async (bytes: number): Promise<VmSnapshot> => {
    const path = `${snapshot.state_path}.${bytes}`;
    await copyFile(snapshot.state_path, path);
    await truncate(path, bytes);
    return { ...snapshot, state_path: path };
  };
  const garbage = join(snapshot.state_path, "..", "garbage");
  await writeFile(garbage, Buffer.alloc(size, "x"), { mode: 0o600 });
  const missing = join(snapshot.state_path, "..", "missing");
  const { network } = launch;
  const refused = "MVM_VM_DRIVER";
  return [
    ["half a state", refused, { snapshot: await cut(Math.floor(size / 2)) }],
    ["a state without its last byte", refused, { snapshot: await cut(size - 1) }],
    ["an empty state", refused, { snapshot: await cut(0) }],
    ["a state that is none", refused, { snapshot: { ...snapshot, state_path: garbage } }],
    ["a missing state", refused, { snapshot: { ...snapshot, state_path: missing } }],
    ["a missing memory", refused, { snapshot: { ...snapshot, memory_path: missing } }],
    ["a memory of another size", refused, { snapshot: { ...snapshot, memory_path: garbage } }],
    ["another driver's snapshot", refused, { snapshot: { ...snapshot, driver: "other" } }],
    ["another version's snapshot", refused, { snapshot: { ...snapshot, vmm_version: "0.1.0" } }],
    ["a VM of another size", refused, { memMib: launch.memMib * 2 }],
    ["a tap that is not there", refused, { network: { ...network, tap: "tapnone" } }],
    ["root", "MVM_VM_CONFINEMENT", { uid: 0 }],
  ];
}

interface Attempt {
  readonly driver: VmmDriver;
  readonly fixture: VmFixture;
  readonly vm: TestVm;
}

async function isRefused(
  { driver, fixture, vm }: Attempt,
  { code, restore }: { readonly code: ErrorCode; readonly restore: VmRestore },
): Promise<void> {
  const startedAt = nodeClock.monotonicMs();
  await assert.rejects(driver.restore(restore), (error) => isMvmError(error, code));
  assert.ok(nodeClock.monotonicMs() - startedAt < DEADLINE_MS, "the refusal took too long");
  assert.deepEqual(await fixture.leftovers(vm), []);
}

async function isAborted({ driver, fixture, vm }: Attempt, snapshot: VmSnapshot): Promise<void> {
  const reason = new Error("a newer intent");
  for (const afterMs of [0, 10, 40]) {
    const abort = new AbortController();
    const restoring = driver.restore({ ...vm.launch, snapshot, signal: abort.signal });
    const rejected = assert.rejects(restoring, reason);
    await nodeClock.sleep(afterMs);
    abort.abort(reason);
    await rejected;
    assert.deepEqual(await fixture.leftovers(vm), []);
  }
}

/** What the files are and hold. */
async function fingerprintOf({ memory_path: memory, state_path: state }: VmSnapshot): Promise<unknown> {
  const { ino, mode, nlink } = await stat(memory);
  const digest = createHash("sha256")
    .update(await readFile(state))
    .digest("hex");
  return { ino, mode, nlink, memory: await nodeFiles.sha256(memory), state: digest };
}
