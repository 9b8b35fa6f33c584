/**
 * The data volume: made when there is none, never touched when there is one; and its key, which
 * lies on tmpfs only while a VM is being launched.
 */
import type { VolumeRequest } from "@mvm/runtime";
import { hasDataDrive } from "../data-drive.ts";
import type { StartContext } from "../start-context.ts";
import type { Step, StepContext } from "../step.ts";

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

export const exposeKey: Step<StartContext> = {
  name: "expose-volume-key",
  do: async (context) => {
    if (hasDataDrive(context)) await context.ports.volumes.exposeKey(volumeRequest(context), context.paths.volumeKey);
  },
  undo: hide,
  isDone: () => Promise.resolve(true),
};

export const hideKey: Step = { name: "hide-volume-key", do: hide, undo: hide, isDone: () => Promise.resolve(true) };

function volumeRequest({ order, tenantKey, paths }: StartContext): VolumeRequest {
  return {
    instance: order.instance.instance_id,
    sizeMib: order.pool.resources.data_mib,
    tenantKey,
    stateDir: paths.stateDir,
  };
}

function hide({ ports, paths }: StepContext): Promise<void> {
  return ports.volumes.hideKey(paths.volumeKey);
}
