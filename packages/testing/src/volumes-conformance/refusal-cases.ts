/** Volumes that are not as they must be: none is opened, and none is made anew in the place of data. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { type ErrorCode, isMvmError, Secret } from "@mvm/core";
import type { VolumeRequest } from "@mvm/runtime";
import { type Case, isUsable, type VolumesUnderTest } from "./bench.ts";

export const refusalCases: readonly Case[] = [
  ["opens with its own tenant's key alone", anothersKey],
  ["without its key is refused", withoutKey],
  ["whose header is torn opens for nobody", tornHeader],
  ["that is not there is neither opened nor grown", vanished],
];

const MAX_BYTES = 64 * 1024 * 1024;
/** More than any header takes. */
const TORN_BYTES = 2 * 1024 * 1024;

async function anothersKey(under: VolumesUnderTest): Promise<void> {
  const { path } = await under.start().ensureVolume(under.request);
  const anothers = { ...under.request, tenantKey: new Secret(Buffer.alloc(32, 8)) };
  await refusesAll(under, { path, request: anothers, code: "MVM_KEY_UNSEAL_FAILED" });
  await under.start().openVolume(under.request);
  assert.equal(await isUsable(under), true);
}

async function withoutKey(under: VolumesUnderTest): Promise<void> {
  const { files, request, start } = under;
  const { path } = await start().ensureVolume(request);
  await files.remove(join(request.stateDir, "data.key.sealed"));
  await refusesAll(under, { path, request, code: "MVM_VOLUME_FAILED" });
}

async function tornHeader(under: VolumesUnderTest): Promise<void> {
  const { files, request, start } = under;
  const { path } = await start().ensureVolume(request);
  const torn = Buffer.from((await files.read(path, MAX_BYTES)) ?? "");
  await files.writeAtomic(path, torn.fill(0, 0, Math.min(TORN_BYTES, torn.length)));
  const contents = await files.sha256(path);
  assert.equal((await start().ensureVolume(request)).created, false);
  // A VMM that decrypts by itself finds out by itself.
  const opening = start().openVolume(request);
  if (under.dataDrive === "block-device")
    await assert.rejects(opening, (error) => isMvmError(error, "MVM_VOLUME_FAILED"));
  else await opening;
  assert.equal(await isUsable(under), false);
  assert.equal(await files.sha256(path), contents);
}

async function vanished(under: VolumesUnderTest): Promise<void> {
  const { files, request, start } = under;
  await assert.rejects(start().openVolume(request), (error) => isMvmError(error, "MVM_VOLUME_FAILED"));
  await assert.rejects(start().growVolume(request), (error) => isMvmError(error, "MVM_VOLUME_FAILED"));
  assert.equal(await isUsable(under), false);
  assert.deepEqual(await files.list(request.stateDir), []);
}

/** Whatever is asked of the volume at that path is refused with that code and leaves it as it is. */
async function refusesAll(
  under: VolumesUnderTest,
  { path, request, code }: { readonly path: string; readonly request: VolumeRequest; readonly code: ErrorCode },
): Promise<void> {
  const { files, start } = under;
  const contents = await files.sha256(path);
  for (const ask of ["ensureVolume", "openVolume", "growVolume"] as const)
    await assert.rejects(start()[ask](request), (error) => isMvmError(error, code), ask);
  assert.equal(await isUsable(under), false);
  assert.equal(await files.sha256(path), contents);
}
