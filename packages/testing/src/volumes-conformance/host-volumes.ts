/** One volume on this host, in directories of its own, looked at with the host's own tools. */
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InstanceId, nodeFiles, Secret } from "@mvm/core";
import { createLinuxCommands, type OpenVolume } from "@mvm/runtime";
import type { VolumesUnderTest } from "./bench.ts";

const TIMEOUT_MS = 60_000;
const ANY_CODE = Array.from({ length: 256 }, (_, code) => code);

export async function openHostVolumes(
  adapter: Pick<VolumesUnderTest, "dataDrive" | "start">,
): Promise<VolumesUnderTest> {
  const dir = await mkdtemp(join(tmpdir(), "mvm-volumes-"));
  const stateDir = join(dir, "state");
  await nodeFiles.ensureDir(stateDir);
  const request = {
    instance: InstanceId.parse("acme-gw-0"),
    sizeMib: 16,
    tenantKey: new Secret(Buffer.alloc(32, 7)),
    stateDir,
    keyPath: join(dir, "key"),
  };
  return {
    ...adapter,
    files: nodeFiles,
    request,
    isReadable,
    async cleanUp() {
      await adapter.start().destroyVolume(request);
      await rm(dir, { recursive: true });
    },
  };
}

async function isReadable({ path, luksKeyPath }: OpenVolume): Promise<boolean> {
  if (luksKeyPath === undefined) return readsBlock(path);
  const argv = ["cryptsetup", "luksOpen", "--test-passphrase", "--key-file", luksKeyPath, path] as const;
  return (await createLinuxCommands().run({ argv, timeoutMs: TIMEOUT_MS, okCodes: ANY_CODE })).code === 0;
}

async function readsBlock(device: string): Promise<boolean> {
  const handle = await open(device, "r");
  try {
    const { bytesRead } = await handle.read(Buffer.alloc(4096), 0, 4096, 0);
    return bytesRead === 4096;
  } finally {
    await handle.close();
  }
}
