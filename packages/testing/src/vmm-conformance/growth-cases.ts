/** A data drive that grows under a guest that uses it. */
import assert from "node:assert/strict";
import type { Bench, Case } from "./bench.ts";
import { growGuestData, helloOf } from "./guest.ts";
import { findsWord, inGuest, leaveWord, seeCounting, startWitness } from "./witness.ts";

export const growthCases: readonly Case[] = [
  ["a data drive grows under its guest, keeps what is on it, and never becomes smaller", growsUnderGuest],
];

const MIB = 1024 * 1024;
/** Half as much again as the drive has at first. */
const GROWN_MIB = 96;
/** More than the drive could hold before. */
const NEW_FILE_MIB = 70;

async function growsUnderGuest({ fixture, start }: Bench): Promise<void> {
  const driver = start();
  const vm = await fixture.vm();
  const { handle } = await driver.launch(vm.launch);
  await startWitness(fixture, vm);
  const bootId = await helloOf(driver, handle);
  const before = await seeCounting(fixture, vm);
  await leaveWord(fixture, vm, "before");

  const grown = { name: "data", sizeBytes: GROWN_MIB * MIB } as const;
  await fixture.growData(vm, GROWN_MIB);
  await driver.growDrive(handle, grown);
  const holdsBytes = await growGuestData(driver, handle, grown.sizeBytes);
  assert.ok(holdsBytes > NEW_FILE_MIB * MIB, `/data holds ${holdsBytes} bytes`);
  driver.close();

  const next = start();
  await next.growDrive(handle, grown);
  await next.growDrive(handle, { ...grown, sizeBytes: MIB });
  assert.equal(await growGuestData(next, handle, grown.sizeBytes), holdsBytes, "it has that size, and keeps it");

  const newFile = `fallocate -l ${NEW_FILE_MIB}M /data/new && head -c 4096 /dev/urandom > /data/new.end`;
  await inGuest(fixture, vm, `${newFile} && sync /data`);
  await findsWord(fixture, vm, "before");
  assert.equal((await seeCounting(fixture, vm)).pid, before.pid);
  assert.equal(await helloOf(next, handle), bootId, "the same boot answers");
  await next.kill(handle);
  assert.deepEqual(await fixture.leftovers(vm), []);
}
