/** The instance's three directories: state on disk, sockets, secrets on tmpfs. All root's alone. */
import type { Step, StepContext } from "../step.ts";
import { oneWay } from "../step.ts";
import { forgetOutput } from "./last-output.ts";
import { volumePlace } from "./volume.ts";

const PRIVATE = { mode: 0o700 } as const;

export const makeDirectories: Step = {
  name: "make-directories",
  do: async ({ ports: { files }, paths }) => {
    for (const dir of [paths.stateDir, paths.runDir, paths.secretsDir]) await files.ensureDir(dir, PRIVATE);
  },
  // The state directory holds the data, which no failed start may take with it.
  undo: removePassing,
  isDone: async ({ ports: { files }, paths }) => {
    for (const dir of [paths.stateDir, paths.runDir, paths.secretsDir]) {
      if ((await files.stat(dir))?.kind !== "directory") return false;
    }
    return true;
  },
};

/** Sockets, secrets and the config drive go, all that belongs to the VM's uid; the state directory stays. */
export const removePassingDirectories = oneWay("remove-passing-directories", removePassing);

/** Everything that outlives a VM goes, the data included. */
export const eraseState = oneWay("erase-state", async (context) => {
  const { ports, paths } = context;
  await ports.volumes.destroyVolume(volumePlace(context));
  await ports.files.remove(paths.stateDir);
  await forgetOutput(context);
});

async function removePassing({ ports: { files }, paths }: StepContext): Promise<void> {
  await files.remove(paths.secretsDir);
  await files.remove(paths.runDir);
  await files.remove(paths.configImage);
}
