/** A VM's life, from its launch to nothing. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { nodeRandom } from "@mvm/core";
import type { VmHandle, VmLaunch } from "@mvm/runtime";
import type { Bench, Case } from "./bench.ts";
import { helloOf, kernelWords, shutDown } from "./guest.ts";
import { isOwnersOnly, looksConfined, seesDrivesInOrder } from "./looks.ts";

export const lifeCases: readonly Case[] = [
  ["the host is said to be usable, with its relaxations", isUsable],
  ["a VM starts confined, answers, outlives its driver, is adopted and ends by itself", wholeLife],
  ["a VM starts again from the same directories; a kill leaves nothing", startsAgain],
  ["what a cut launch left is swept, also by the next launch", isSwept],
];

async function isUsable({ name, start }: Bench): Promise<void> {
  const fingerprint = await start().fingerprint();
  assert.equal(fingerprint.unusable, null);
  assert.equal(fingerprint.name, name);
  assert.match(fingerprint.version, /^\d+\.\d+/);
}

async function wholeLife({ fixture, start }: Bench): Promise<void> {
  // The guest's kernel is to tell of its disks.
  const vm = await fixture.vm({ vcpus: 2, kernelArgs: [`mvm.volume=${nodeRandom.uuid()},0`, "loglevel=6"] });
  const first = start();
  const { handle, confinement, signOfLifeMs } = await first.launch(vm.launch);
  assert.ok(signOfLifeMs > 0);
  assert.ok(confinement.kept.length > 0);
  await looksConfined(vm, handle);
  for (const directory of [vm.launch.runDir, vm.launch.stateDir]) await holdsOnlyOwnersFiles(directory);
  // As the agent does: from here on the key is in the VMM's memory only.
  await removeKey(vm.launch);

  const bootId = await helloOf(first, handle);
  assert.equal(await first.inspect(handle), "running");
  await seesDrivesInOrder(await kernelWords(first, handle), vm.launch);
  first.close();

  const second = start();
  assert.deepEqual(await second.adopt(JSON.parse(JSON.stringify(handle)) as VmHandle), handle);
  assert.equal(await helloOf(second, handle), bootId, "the same boot answers");
  assert.equal(await second.waitGone(handle, 100), false);
  const stream = await second.openGuestStream(handle);
  const closed = once(stream, "close");
  assert.equal(await helloOf(second, handle), bootId, "a stream dialled anew replaces the one before");
  await closed;

  await shutDown(second, handle);
  assert.equal(await second.inspect(handle), "gone");
  assert.equal(await second.adopt(handle), null);
  await second.kill(handle);
  assert.deepEqual(await fixture.leftovers(vm), []);
  await second.kill(handle);
}

async function startsAgain({ fixture, start }: Bench): Promise<void> {
  const vm = await fixture.vm();
  const driver = start();
  const firstRun = await driver.launch(vm.launch);
  await driver.kill(firstRun.handle);
  assert.deepEqual(await fixture.leftovers(vm), []);

  const { handle } = await driver.launch(vm.launch);
  assert.equal(await driver.inspect(handle), "running");
  assert.equal(await driver.adopt(firstRun.handle), null, "an older run's handle is not this run's");
  await driver.kill(handle);
  assert.equal(await driver.waitGone(handle, 0), true);
  assert.deepEqual(await fixture.leftovers(vm), []);
}

async function isSwept({ fixture, start }: Bench): Promise<void> {
  const vm = await fixture.vm();
  const lost = start();
  await lost.launch(vm.launch);
  lost.close();
  await start().sweep(vm.launch);
  assert.deepEqual(await fixture.leftovers(vm), []);

  const lostAgain = start();
  const { handle } = await lostAgain.launch(vm.launch);
  lostAgain.close();
  const driver = start();
  const next = await driver.launch(vm.launch);
  assert.equal(await driver.inspect(handle), "gone");
  await driver.kill(next.handle);
  await driver.sweep(vm.launch);
  assert.deepEqual(await fixture.leftovers(vm), []);
}

async function removeKey({ drives }: VmLaunch): Promise<void> {
  for (const { luksKeyPath } of drives) if (luksKeyPath !== undefined) await rm(luksKeyPath);
}

async function holdsOnlyOwnersFiles(directory: string): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true });
  for (const entry of entries.filter((one) => !one.isDirectory())) {
    assert.ok(await isOwnersOnly(join(directory, entry.name)), `${entry.name} can be opened by others`);
  }
}
