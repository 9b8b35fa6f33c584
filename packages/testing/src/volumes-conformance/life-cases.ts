/** A volume's life: made, opened, closed, grown, destroyed, each as often as one likes. */
import assert from "node:assert/strict";
import { type Case, isUsable, type VolumesUnderTest } from "./bench.ts";

export const lifeCases: readonly Case[] = [
  ["is made once, and not touched when it is asked for again", madeOnce],
  ["can be read by a VMM while it is open, and only then", openAndClosed],
  ["that is opened twice is open, also for an agent that starts anew, and closed by one close", openedTwice],
  ["may be closed when it is not open, and when it is not there", closedAnyway],
  ["leaves no key to be found once the VMM has it, and opens again", keyHidden],
  ["grows while it is open, and can be read as before", grown],
  ["leaves nothing when it is destroyed, open or not, and comes as a new one", destroyed],
];

async function madeOnce({ files, request, start }: VolumesUnderTest): Promise<void> {
  const { path, created } = await start().ensureVolume(request);
  assert.equal(created, true);
  const contents = await files.sha256(path);
  assert.deepEqual(await start().ensureVolume(request), { path, created: false });
  assert.equal(await files.sha256(path), contents);
}

async function openAndClosed(under: VolumesUnderTest): Promise<void> {
  const { dataDrive, request, start } = under;
  const held = dataDrive === "block-device" ? [`volume ${request.instance}`] : [];
  await start().ensureVolume(request);
  assert.equal(await isUsable(under), false);
  for (let round = 0; round < 2; round += 1) {
    await start().openVolume(request);
    assert.equal(await isUsable(under), true);
    assert.deepEqual(await start().leftovers(), held);
    await start().closeVolume(request);
    assert.equal(await isUsable(under), false);
    assert.deepEqual(await start().leftovers(), []);
  }
}

async function openedTwice(under: VolumesUnderTest): Promise<void> {
  const { request, start } = under;
  const volumes = start();
  await volumes.ensureVolume(request);
  await volumes.openVolume(request);
  const drive = await volumes.dataDrive(request);
  for (const again of [volumes, start()]) {
    await again.openVolume(request);
    assert.deepEqual(await again.dataDrive(request), drive);
    assert.equal(await isUsable(under), true);
  }
  await start().closeVolume(request);
  assert.equal(await isUsable(under), false);
}

async function closedAnyway(under: VolumesUnderTest): Promise<void> {
  const { request, start } = under;
  await start().closeVolume(request);
  await start().ensureVolume(request);
  await start().closeVolume(request);
  await start().openVolume(request);
  for (let round = 0; round < 2; round += 1) await start().closeVolume(request);
  assert.equal(await isUsable(under), false);
}

async function keyHidden(under: VolumesUnderTest): Promise<void> {
  const { files, request, start } = under;
  await start().ensureVolume(request);
  await start().openVolume(request);
  for (let round = 0; round < 2; round += 1) {
    await start().hideKey(request);
    assert.equal(await files.stat(request.keyPath), null);
  }
  await start().openVolume(request);
  assert.equal(await isUsable(under), true);
}

async function grown(under: VolumesUnderTest): Promise<void> {
  const { request, start } = under;
  const bigger = { ...request, sizeMib: request.sizeMib + 8 };
  await start().ensureVolume(request);
  await start().openVolume(request);
  for (let round = 0; round < 2; round += 1) await start().growVolume(bigger);
  // What is asked for may be smaller than what is there.
  for (const asked of [bigger, request]) assert.equal((await start().ensureVolume(asked)).created, false);
  assert.equal(await isUsable(under), true);
  await start().closeVolume(request);
  await start().openVolume(request);
  assert.equal(await isUsable(under), true);
}

async function destroyed({ files, request, start }: VolumesUnderTest): Promise<void> {
  for (const isOpen of [false, true]) {
    assert.equal((await start().ensureVolume(request)).created, true);
    if (isOpen) await start().openVolume(request);
    for (let round = 0; round < 2; round += 1) await start().destroyVolume(request);
    assert.deepEqual(await files.list(request.stateDir), []);
    assert.equal(await files.stat(request.keyPath), null);
    assert.deepEqual(await start().leftovers(), []);
  }
}
