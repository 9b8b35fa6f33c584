/**
 * A small VM booted and restored by the Firecracker driver, until its guest's channel takes a connection, against a
 * bare Firecracker of the same; in turns, on the same machine. Every boot is of a new VM with a blank volume.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import {
  createFirecrackerDriver,
  type FirecrackerDriverOptions,
  type VmHandle,
  type VmmDriver,
  vmJailsDir,
} from "@mvm/runtime";
import { ensureTestImage, firecrackerOptions, helloOf, openVmFixture, type VmFixture } from "@mvm/testing";
import type { Figure, Measurement } from "./figure.ts";
import { median, stopwatch } from "./measure.ts";
import { configOf, DEADLINE_MS, GUEST_RETRY_MS, timeRaw, type Times, type VmConfig } from "./raw-firecracker.ts";

const RUNS = 5;
const MEM_MIB = 256;

const words: Readonly<Record<keyof Times, string>> = {
  boot: "Firecracker VM, launch to first connection",
  restore: "Firecracker VM, restore to first connection",
};

interface Bed {
  readonly fixture: VmFixture;
  readonly options: FirecrackerDriverOptions;
  readonly driver: VmmDriver;
}

interface Round {
  readonly product: Times;
  readonly raw: Times;
}

export const firecrackerBoot: Figure = {
  name: "firecracker-boot",
  summary: "a minimal VM booted and restored by the Firecracker driver, over a bare one",
  needs: ["root", "network", "volumes", "images", "device-mapper", "firecracker"],
  async measure(say) {
    const fixture = await openVmFixture(await ensureTestImage("minimal"), "block-device");
    const options = firecrackerOptions(fixture);
    const driver = createFirecrackerDriver(options);
    try {
      const bed = { fixture, options, driver };
      say("one round that does not count, for what is read or made only once");
      await bothWays(bed);
      const rounds: Round[] = [];
      for (let run = 1; run <= RUNS; run += 1) {
        const round = await bothWays(bed);
        rounds.push(round);
        say(`run ${run} of ${RUNS}: ${timesText(round.product)}; bare ${timesText(round.raw)}`);
      }
      return [measurementOf("boot", rounds), measurementOf("restore", rounds)];
    } finally {
      driver.close();
      await fixture.close();
    }
  },
};

async function bothWays(bed: Bed): Promise<Round> {
  const { fixture, options } = bed;
  const { times: product, config, handle } = await timeDriver(bed);
  const { launch } = await fixture.vm({ memMib: MEM_MIB });
  const dir = await fixture.snapshotDir();
  const raw = await timeRaw({ program: join(options.programsDir, "firecracker"), dir, launch, config, handle });
  return { product, raw };
}

interface DrivenVm {
  readonly times: Times;
  readonly config: VmConfig;
  readonly handle: VmHandle;
}

async function timeDriver({ fixture, options, driver }: Bed): Promise<DrivenVm> {
  const { launch } = await fixture.vm({ memMib: MEM_MIB });
  const lap = stopwatch();
  const { handle } = await driver.launch(launch);
  const boot = lap();
  await helloOf(driver, handle);
  const config = await configOf(join(vmJailsDir(options.jailsDir), launch.id, "root/run/api.sock"));
  await driver.pause(handle);
  const dir = await fixture.snapshotDir();
  const snapshot = await driver.snapshot(handle, { dir });
  await driver.kill(handle);
  lap();
  const restored = await driver.restore({ ...launch, snapshot });
  await firstConnection(driver, restored.handle);
  const restore = lap();
  await driver.kill(restored.handle);
  await rm(dir, { recursive: true });
  return { times: { boot, restore }, config, handle };
}

/** The driver's restore is over when the guest runs; its channel answers some moments later. */
async function firstConnection(driver: VmmDriver, handle: VmHandle): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (performance.now() < deadline) {
    const stream = await driver.openGuestStream(handle).catch(() => null);
    stream?.destroy();
    if (stream !== null) return;
    await delay(GUEST_RETRY_MS);
  }
  throw new Error("the restored VM's guest did not come up");
}

function measurementOf(what: keyof Times, rounds: readonly Round[]): Measurement {
  return {
    figure: words[what],
    value: median(rounds.map(({ product }) => product[what])),
    unit: "ms",
    against: { what: "bare Firecracker", value: median(rounds.map(({ raw }) => raw[what])) },
    limit: null,
  };
}

function timesText({ boot, restore }: Times): string {
  return `boot ${boot.toFixed(0)} ms, restore ${restore.toFixed(0)} ms`;
}
