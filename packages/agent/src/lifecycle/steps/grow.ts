/**
 * The data volume's growth under a guest that runs: the host's file and device, what the VMM shows of it, and the
 * file system that the guest has mounted. Nothing is ever made smaller, so each step may be repeated.
 */
import { isMvmError, retold } from "@mvm/core";
import type { VmHandle } from "@mvm/runtime";
import { expectDiskRoom } from "../disk-room.ts";
import { oneWay, type StepContext } from "../step.ts";
import { volumePlace } from "./volume.ts";

const BYTES_PER_MIB = 1024 * 1024;
/** The guest writes the tables of all that is new to it, also where its processor is emulated. */
const GUEST_TIMEOUT_MS = 120_000;

export const findRoom = oneWay("find-room", async (context) => {
  const { id, ports, paths, settings } = context;
  const dataMib = wantedMib(context);
  const check = { instance: id, volumePath: paths.volume, dataMib, memMib: 0, diskDir: settings.stateDir };
  await expectDiskRoom(check, ports.files);
});

export const growVolume = oneWay("grow-volume", async (context) => {
  const { ledger, ports } = context;
  const sizeMib = wantedMib(context);
  const tenantKey = await ports.keys.tenantKey(ledger.record().tenant_id);
  await ports.volumes.growVolume({ ...volumePlace(context), sizeMib, tenantKey });
});

export const growDrive = oneWay("grow-drive", (context) =>
  context.ports.driver.growDrive(runningVm(context), {
    name: "data",
    sizeBytes: wantedMib(context) * BYTES_PER_MIB,
  }),
);

export const growFileSystem = oneWay("grow-file-system", async (context) => {
  const { ledger, log } = context;
  const dataMib = wantedMib(context);
  log.info("volume.grown", { data_mib: dataMib, file_system_bytes: await guestGrows(context) });
  const { made_from: made } = ledger.record();
  ledger.note({ made_from: { ...made, resources: { ...made.resources, data_mib: dataMib } } });
});

/** @returns what its file system then holds, as the guest says */
async function guestGrows(context: StepContext): Promise<number> {
  const { id, ports, signal } = context;
  const sizeBytes = wantedMib(context) * BYTES_PER_MIB;
  try {
    return await ports.guests.growData(runningVm(context), { sizeBytes, timeoutMs: GUEST_TIMEOUT_MS, signal });
  } catch (error) {
    if (!isMvmError(error, "MVM_GUEST_REFUSED")) throw error;
    const remedy = `If it goes on, restart it, which gives it the room: mvm instance stop ${id}, then mvm instance start ${id}`;
    throw retold(error, { remedy });
  }
}

function wantedMib({ id, ledger }: StepContext): number {
  const { data_mib: dataMib } = ledger.operation();
  if (dataMib === null) throw new Error(`the journal holds a growth of ${id} without its size`);
  return dataMib;
}

function runningVm({ id, ledger }: StepContext): VmHandle {
  const { vm } = ledger.record();
  if (vm === null) throw new Error(`${id} has no VM`);
  return vm;
}
