/** A VM saved and restored: whatever it was doing goes on, in other places and again and again. */
import assert from "node:assert/strict";
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { isMvmError } from "@mvm/core";
import type { VmHandle, VmLaunch, VmmDriver, VmSnapshot } from "@mvm/runtime";
import type { TestVm, VmFixture } from "../vm-fixture.ts";
import type { Bench, Case } from "./bench.ts";
import { helloOf, shutDown } from "./guest.ts";
import { isOwnersOnly, looksConfined } from "./looks.ts";
import { findsWord, leaveWord, seeCounting, startWitness } from "./witness.ts";

export const snapshotCases: readonly Case[] = [
  ["a VM goes on through ten snapshots and restores, memory and disk agreeing, then ends by itself", tenCycles],
  ["a snapshot that is given up breaks nothing: the VM goes on, is saved again, and restored without delay", givenUp],
];

const CYCLES = 10;

/** Every other time in other directories, under another uid and on another tap. */
async function tenCycles({ name, fixture, start }: Bench): Promise<void> {
  let driver = start();
  const vm = await fixture.vm();
  const places = [vm, movedTo(vm, await fixture.vm())] as const;
  let { handle } = await driver.launch(vm.launch);
  await startWitness(fixture, vm);
  const bootId = await helloOf(driver, handle);
  let seen = await seeCounting(fixture, vm);

  for (let cycle = 1; cycle <= CYCLES; cycle += 1) {
    await leaveWord(fixture, vm, `cycle-${cycle}`);
    const snapshot = await saved(driver, handle, fixture);
    assert.equal(snapshot.driver, name);
    for (const place of places) assert.deepEqual(await fixture.leftovers(place), []);

    driver.close();
    driver = start();
    const place = places[cycle % 2] ?? vm;
    const restored = await driver.restore({ ...place.launch, snapshot });
    ({ handle } = restored);
    assert.equal(await driver.inspect(handle), "running");
    assert.ok(restored.confinement.kept.length > 0);
    await looksConfined(place, handle);
    assert.equal(await helloOf(driver, handle), bootId, "the same boot answers");
    await findsWord(fixture, vm, `cycle-${cycle}`);
    const now = await seeCounting(fixture, vm);
    assert.equal(now.pid, seen.pid);
    assert.ok(now.count > seen.count, "the counting process went on");
    seen = now;
    assert.equal(await isThere(snapshot.memory_path), !driver.capabilities.restoreConsumes);
    await rm(join(snapshot.state_path, ".."), { recursive: true });
  }
  await shutDown(driver, handle);
  await driver.kill(handle);
  for (const place of places) assert.deepEqual(await fixture.leftovers(place), []);
}

async function givenUp({ fixture, start }: Bench): Promise<void> {
  const driver = start();
  const vm = await fixture.vm();
  const { handle } = await driver.launch(vm.launch);
  await startWitness(fixture, vm);
  const bootId = await helloOf(driver, handle);

  await driver.pause(handle);
  const dir = await fixture.snapshotDir();
  await driver.snapshot(handle, { dir });
  assert.equal(await driver.inspect(handle), "paused");
  if (driver.capabilities.restoreConsumes) {
    await assert.rejects(driver.resume(handle), (error) => isMvmError(error, "MVM_VM_DRIVER"));
    assert.equal(await driver.inspect(handle), "paused", "the snapshot shares the memory of the VM");
  }
  await rm(dir, { recursive: true });
  await driver.resume(handle);
  assert.equal(await helloOf(driver, handle), bootId);
  await leaveWord(fixture, vm, "resumed");

  const snapshot = await saved(driver, handle, fixture);
  // As a launch this would be hung: a restore awaits no sign of life.
  const impatient: VmLaunch = { ...vm.launch, signOfLifeTimeoutMs: 1 };
  const { handle: restored } = await driver.restore({ ...impatient, snapshot });
  assert.equal(await driver.inspect(handle), "gone");
  assert.equal(await driver.adopt(handle), null, "the old process is not the restored one");
  assert.equal(await helloOf(driver, restored), bootId);
  await findsWord(fixture, vm, "resumed");
  await driver.kill(restored);
  assert.deepEqual(await fixture.leftovers(vm), []);
}

/** Pause, snapshot, kill: the VM is on disk and nowhere else. As plain data, as from a manifest. */
export async function saved(driver: VmmDriver, handle: VmHandle, fixture: VmFixture): Promise<VmSnapshot> {
  await driver.pause(handle);
  const dir = await fixture.snapshotDir();
  const snapshot = await driver.snapshot(handle, { dir });
  await driver.kill(handle);
  const entries = await readdir(dir);
  assert.deepEqual(entries.map((entry) => join(dir, entry)).sort(), [snapshot.memory_path, snapshot.state_path].sort());
  for (const entry of entries) assert.ok(await isOwnersOnly(join(dir, entry)), `${entry} can be opened by others`);
  assert.equal((await stat(snapshot.memory_path)).size, snapshot.memory_bytes);
  return JSON.parse(JSON.stringify(snapshot)) as VmSnapshot;
}

/** The same VM with the directories, uid and tap of another. */
function movedTo(vm: TestVm, other: TestVm): TestVm {
  const { stateDir, runDir, uid, network } = other.launch;
  const launch: VmLaunch = { ...vm.launch, stateDir, runDir, uid, network: { ...vm.launch.network, tap: network.tap } };
  return { ...vm, launch };
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
