/**
 * What saving and restoring a VM costs the QEMU driver: from the pause to the snapshot on stable
 * storage, from nothing to a guest that goes on, and until its agent has answered.
 */
import { rm } from "node:fs/promises";
import { nodeClock, nodeFiles } from "@mvm/core";
import { createLinuxCommands, createLinuxProcesses, createQemuDriver, createUnixSockets } from "@mvm/runtime";
import type { VmHandle, VmLaunch, VmmDriver } from "@mvm/runtime";
import { ensureTestImage, helloOf, openVmFixture, type VmFixture } from "@mvm/testing";
import type { Figure, Measurement } from "./figure.ts";
import { median, stopwatch } from "./measure.ts";

const RUNS = 10;
/** With nothing else on the machine; emulated, QEMU translates the guest's code anew after a restore. */
const WANTED_MS = { pause: 20, snapshot: 200, restore: 250, answer: 1500 } as const;

const steps = ["pause", "snapshot", "restore", "answer"] as const;

type Times = Readonly<Record<(typeof steps)[number], number>>;

const words: Readonly<Record<keyof Times, string>> = {
  pause: "pause of a 512 MiB VM",
  snapshot: "then its snapshot, on stable storage",
  restore: "its restore, until it runs",
  answer: "its restore, until its guest answered",
};

export const sleepWake: Figure = {
  name: "sleep-wake",
  summary: "a minimal VM saved and restored by the QEMU driver",
  needs: ["root"],
  async measure(say) {
    const fixture = await openVmFixture(await ensureTestImage("minimal"));
    const driver = createQemuDriver({
      commands: createLinuxCommands(),
      processes: createLinuxProcesses(),
      sockets: createUnixSockets(),
      files: nodeFiles,
      clock: nodeClock,
      stateDir: fixture.nodeDir,
    });
    try {
      const { launch } = await fixture.vm();
      let { handle } = await driver.launch(launch);
      await helloOf(driver, handle);
      const runs: Times[] = [];
      for (let run = 1; run <= RUNS; run += 1) {
        const cycle = await sleepAndWake({ driver, fixture, launch }, handle);
        ({ handle } = cycle);
        runs.push(cycle.times);
        say(
          `run ${run} of ${RUNS}: ${Object.values(cycle.times)
            .map((ms) => `${ms.toFixed(0)} ms`)
            .join(", ")}`,
        );
      }
      await driver.kill(handle);
      return steps.map((name) => measurementOf(name, runs));
    } finally {
      driver.close();
      await fixture.close();
    }
  },
};

function measurementOf(name: keyof Times, runs: readonly Times[]): Measurement {
  return {
    figure: words[name],
    value: median(runs.map((run) => run[name])),
    unit: "ms",
    against: null,
    limit: { kind: "value", most: WANTED_MS[name] },
  };
}

interface Bed {
  readonly driver: VmmDriver;
  readonly fixture: VmFixture;
  readonly launch: VmLaunch;
}

async function sleepAndWake(
  { driver, fixture, launch }: Bed,
  awake: VmHandle,
): Promise<{ readonly handle: VmHandle; readonly times: Times }> {
  const dir = await fixture.snapshotDir();
  const lap = stopwatch();
  await driver.pause(awake);
  const pause = lap();
  const snapshot = await driver.snapshot(awake, { dir });
  const saved = lap();
  await driver.kill(awake);
  lap();
  const { handle } = await driver.restore({ ...launch, snapshot });
  const restore = lap();
  await helloOf(driver, handle);
  const answer = restore + lap();
  await rm(dir, { recursive: true });
  return { handle, times: { pause, snapshot: saved, restore, answer } };
}
