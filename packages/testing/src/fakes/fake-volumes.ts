/**
 * Data volumes over the memory's files, of the kind that the machine's driver opens: what a guest wrote stays
 * in them, so that a loss shows.
 */
import { dirname, join } from "node:path";
import { MvmError, sha256, type Files } from "@mvm/core";
import type { VolumePlace, VolumeRequest, Volumes } from "@mvm/runtime";
import * as z from "zod";
import type { FakeMachine } from "./fake-machine.ts";
import type { MemoryFiles } from "./memory-files.ts";

/** What is inside a volume. */
const Volume = z.object({
  /** How much it is made to hold. */
  sizeMib: z.int(),
  /** UUID of its file system; null while it is blank. */
  fileSystem: z.string().nullable(),
  /** How much of it the file system uses. */
  fileSystemMib: z.int(),
  /** How often a guest mounted it: lost when the volume is. */
  boots: z.int(),
  /** Whether its application was paired. */
  paired: z.boolean(),
});
export type Volume = z.infer<typeof Volume>;

const BLANK = { fileSystem: null, fileSystemMib: 0, boots: 0, paired: false };
const KEY = "volume-key";
const DEVICE_PREFIX = "/dev/mapper/mvm-";
const MAX_SEALED_BYTES = 4096;

export function readVolume(files: MemoryFiles, path: string): Volume {
  return Volume.parse(JSON.parse(files.contentsOf(path).toString("utf8")));
}

export async function writeVolume(files: Files, path: string, volume: Volume): Promise<void> {
  await files.writeAtomic(path, JSON.stringify(volume));
}

export function fakeVolumes(machine: FakeMachine): Volumes {
  const { dataDrive } = machine;
  return {
    ensureVolume: (request) => ensureVolume(machine, request),
    async growVolume(request) {
      await expectKey(machine, request);
      if (dataDrive === "block-device" && !machine.devices.has(devicePath(request)))
        throw failed(request, "its device is not open");
      await grow(machine, request);
    },
    ...(dataDrive === "block-device" ? asDevices(machine) : asFiles(machine)),
  };
}

type OpenAndClose = Omit<Volumes, "ensureVolume" | "growVolume">;

/** Files that the VMM decrypts by itself. */
function asFiles(machine: FakeMachine): OpenAndClose {
  const { files } = machine;
  return {
    async openVolume(request) {
      const { keyPath } = request;
      await expectKey(machine, request);
      if (!(await files.isTmpfs(dirname(keyPath)))) machine.violated(`the volume key ${keyPath} is not on tmpfs`);
      await files.writeAtomic(keyPath, KEY, { mode: 0o400 });
    },
    dataDrive: async ({ stateDir, keyPath }) => ({ path: volumePath(stateDir), luksKeyPath: keyPath }),
    hideKey: ({ keyPath }) => files.remove(keyPath),
    async closeVolume(place) {
      expectUnused(machine, place, "closed");
      await files.remove(place.keyPath);
    },
    async destroyVolume(place) {
      await files.remove(place.keyPath);
      await destroy(machine, place);
    },
    leftovers: async () => [],
  };
}

/** Devices of the host: gone after its reboot, else open until they are closed. */
function asDevices(machine: FakeMachine): OpenAndClose {
  const { devices } = machine;
  const close = (place: VolumePlace): void => {
    expectUnused(machine, place, "closed");
    devices.delete(devicePath(place));
  };
  return {
    async openVolume(request) {
      if (devices.has(devicePath(request))) return;
      await expectKey(machine, request);
      const path = volumePath(request.stateDir);
      if (intact(machine, path) === null) throw failed(request, `${path} is no volume`);
      devices.set(devicePath(request), path);
    },
    async dataDrive(place) {
      const path = devicePath(place);
      return devices.has(path) ? { path } : null;
    },
    hideKey: async () => undefined,
    closeVolume: async (place) => close(place),
    async destroyVolume(place) {
      close(place);
      await destroy(machine, place);
    },
    leftovers: async () => [...devices.keys()].map((path) => `volume ${path.slice(DEVICE_PREFIX.length)}`).sort(),
  };
}

function devicePath({ instance }: Pick<VolumePlace, "instance">): string {
  return `${DEVICE_PREFIX}${instance}`;
}

function volumePath(stateDir: string): string {
  return join(stateDir, "data.luks");
}

function sealedKeyPath(stateDir: string): string {
  return join(stateDir, "data.key.sealed");
}

async function ensureVolume(
  machine: FakeMachine,
  request: VolumeRequest,
): Promise<{ readonly path: string; readonly created: boolean }> {
  const { files } = machine;
  const { stateDir, sizeMib } = request;
  const path = volumePath(stateDir);
  if ((await files.stat(path)) !== null) {
    await expectKey(machine, request);
    await grow(machine, request);
    return { path, created: false };
  }
  if ((await files.stat(sealedKeyPath(stateDir))) === null)
    await files.writeAtomic(sealedKeyPath(stateDir), sealedBy(request));
  await expectKey(machine, request);
  await writeVolume(files, path, { ...BLANK, sizeMib });
  return { path, created: true };
}

/** @throws MvmError MVM_VOLUME_FAILED when there is none, MVM_KEY_UNSEAL_FAILED when it is another tenant's */
async function expectKey({ files }: FakeMachine, request: VolumeRequest): Promise<void> {
  const sealed = await files.read(sealedKeyPath(request.stateDir), MAX_SEALED_BYTES);
  if (sealed === null) throw failed(request, "it has no key");
  if (sealed.toString("utf8") !== sealedBy(request))
    throw new MvmError("MVM_KEY_UNSEAL_FAILED", { message: `the key of ${request.instance} is another tenant's` });
}

function sealedBy({ tenantKey }: VolumeRequest): string {
  return `sealed by ${sha256(tenantKey.reveal())}`;
}

async function grow(machine: FakeMachine, request: VolumeRequest): Promise<void> {
  const { files } = machine;
  const { stateDir, sizeMib } = request;
  const path = volumePath(stateDir);
  if ((await files.stat(path)) === null) throw failed(request, `it is not at ${path}`);
  const volume = intact(machine, path);
  if (volume !== null && volume.sizeMib < sizeMib) await writeVolume(files, path, { ...volume, sizeMib });
}

/** Null when there is none, or one whose header is torn. */
function intact({ files }: FakeMachine, path: string): Volume | null {
  try {
    return readVolume(files, path);
  } catch {
    return null;
  }
}

async function destroy(machine: FakeMachine, place: VolumePlace): Promise<void> {
  await machine.files.remove(sealedKeyPath(place.stateDir));
  expectUnused(machine, place, "destroyed");
  await machine.files.remove(volumePath(place.stateDir));
}

function expectUnused(machine: FakeMachine, { stateDir }: VolumePlace, done: string): void {
  const path = volumePath(stateDir);
  const isUsed = [...machine.vms.values()].some(({ dataPath }) => dataPath === path);
  if (isUsed) machine.violated(`${path} is ${done} while a VM writes it`);
}

function failed({ instance }: VolumePlace, why: string): MvmError {
  return new MvmError("MVM_VOLUME_FAILED", { message: `the data volume of ${instance}: ${why}` });
}
