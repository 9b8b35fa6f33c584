/**
 * The data volume: made when there is none, grown when it is too small, else never touched. It is
 * open from shortly before the VM's launch until the VM is gone; a key for the VMM lies on tmpfs only
 * while it is being launched.
 */
import { MvmError } from "@mvm/core";
import type { OpenVolume, VolumePlace, VolumeRequest } from "@mvm/runtime";
import { hasDataDrive } from "../data-drive.ts";
import type { StartContext } from "../start-context.ts";
import { oneWay, type Step, type StepContext } from "../step.ts";

export const makeVolume: Step<StartContext> = {
  name: "make-volume",
  do: async (context) => {
    if (hasDataDrive(context)) await context.ports.volumes.ensureVolume(volumeRequest(context));
  },
  // A volume is data from the moment it is there: only destroy removes it.
  undo: () => Promise.resolve(),
  isDone: async ({ ledger, ports, paths }) => {
    const { order } = ledger.operation();
    return order === null || !hasDataDrive({ order }) || (await ports.files.stat(paths.volume)) !== null;
  },
};

export const openVolume: Step<StartContext> = {
  name: "open-volume",
  do: async (context) => {
    if (hasDataDrive(context)) await context.ports.volumes.openVolume(volumeRequest(context));
  },
  undo: close,
  isDone: async (context) => {
    const { order } = context.ledger.operation();
    return (
      order === null ||
      !hasDataDrive({ order }) ||
      (await context.ports.volumes.dataDrive(volumePlace(context))) !== null
    );
  },
};

export const hideKey: Step = { name: "hide-volume-key", do: hide, undo: hide, isDone: () => Promise.resolve(true) };

/** Only when the VMM is gone: until then it holds the device. */
export const closeVolume = oneWay("close-volume", close);

/** @throws MvmError MVM_VOLUME_FAILED when it is not open */
export async function openedVolume(context: StepContext): Promise<OpenVolume> {
  const volume = await context.ports.volumes.dataDrive(volumePlace(context));
  if (volume !== null) return volume;
  throw new MvmError("MVM_VOLUME_FAILED", {
    message: `the data volume of ${context.id} is not open any more`,
    retry: "backoff",
  });
}

export function volumePlace({ id, paths }: StepContext): VolumePlace {
  return { instance: id, stateDir: paths.stateDir, keyPath: paths.volumeKey };
}

function volumeRequest(context: StartContext): VolumeRequest {
  const { order, tenantKey } = context;
  return { ...volumePlace(context), sizeMib: order.pool.resources.data_mib, tenantKey };
}

function hide(context: StepContext): Promise<void> {
  return context.ports.volumes.hideKey(volumePlace(context));
}

function close(context: StepContext): Promise<void> {
  return context.ports.volumes.closeVolume(volumePlace(context));
}
