/** Pause and resume of a VM whose guest counts. */
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { isMvmError, nodeClock } from "@mvm/core";
import type { VmHandle } from "@mvm/runtime";
import type { Bench, Case } from "./bench.ts";
import { helloOf } from "./guest.ts";
import { inGuest, seeCounting, startWitness } from "./witness.ts";

export const pauseCases: readonly Case[] = [
  ["a running VM is not saved; paused it stands, also for a new agent, and goes on where it stood", standsAndGoesOn],
];

const PAUSE_MS = 2_000;

async function standsAndGoesOn({ fixture, start }: Bench): Promise<void> {
  const driver = start();
  const vm = await fixture.vm();
  const { handle } = await driver.launch(vm.launch);
  await startWitness(fixture, vm);
  const bootId = await helloOf(driver, handle);
  const before = await seeCounting(fixture, vm);

  const dir = await fixture.snapshotDir();
  await assert.rejects(driver.snapshot(handle, { dir }), (error) => isMvmError(error, "MVM_VM_DRIVER"));
  assert.deepEqual(await readdir(dir), []);
  assert.equal(await driver.inspect(handle), "running", "a refused snapshot leaves the VM as it was");

  await driver.pause(handle);
  await driver.pause(handle);
  assert.equal(await driver.inspect(handle), "paused");
  const cpuTicks = await cpuTicksOf(handle);
  await nodeClock.sleep(PAUSE_MS);
  assert.ok((await cpuTicksOf(handle)) - cpuTicks < 20, "a paused VM takes processor time");
  driver.close();

  const next = start();
  assert.deepEqual(await next.adopt(handle), handle);
  assert.equal(await next.inspect(handle), "paused");
  await next.resume(handle);
  await next.resume(handle);
  assert.equal(await next.inspect(handle), "running");
  assert.equal(await helloOf(next, handle), bootId, "the same boot answers");
  const after = await seeCounting(fixture, vm);
  assert.equal(after.pid, before.pid);
  assert.ok(after.count > before.count);
  assert.equal(await inGuest(fixture, vm, "cat /proc/sys/kernel/random/boot_id"), bootId);

  await next.pause(handle);
  await next.kill(handle);
  assert.deepEqual(await fixture.leftovers(vm), [], "a paused VM is killed like any other");
  await assert.rejects(next.resume(handle), (error) => isMvmError(error, "MVM_VM_DRIVER"));
}

/** User and system time of the VMM's process, in clock ticks of 10 ms. */
async function cpuTicksOf({ process }: VmHandle): Promise<number> {
  const stat = await readFile(`/proc/${process.pid}/stat`, "latin1");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11]) + Number(fields[12]);
}
