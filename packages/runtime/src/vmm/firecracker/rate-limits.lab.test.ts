/**
 * What the VMM's own rate limiters do to a guest, measured from inside it, with the host's limits on its disk taken
 * away. Beside it a guest without limits does the same, so that what is seen is no slow host.
 */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";
import { nodeClock } from "@mvm/core";
import {
  ensureTestImage,
  firecrackerOptions,
  inGuest,
  openVmFixture,
  requires,
  startWitness,
  type TestVm,
  type VmFixture,
} from "@mvm/testing";
import type { VmLimits, VmmDriver } from "../driver.ts";
import { createFirecrackerDriver } from "./firecracker-driver.ts";

const skip = await requires("root", "network", "volumes", "images", "device-mapper", "firecracker");
const KIB = 1024;
const MIB = 1024 * KIB;

interface Load {
  readonly what: string;
  readonly limits: VmLimits;
  /** Run in the guest. */
  readonly line: string;
  /** Seconds that it takes at least where the limit holds: a bucket is full at first. */
  readonly atLeast: number;
}

const loads: readonly Load[] = [
  {
    what: "writes to its disk no faster than its bytes a second",
    limits: { diskBytesPerSecond: MIB },
    line: "dd if=/dev/zero of=/data/bytes bs=256k count=24 oflag=direct 2>&1",
    atLeast: 5,
  },
  {
    what: "writes to its disk no more often than its operations a second",
    limits: { diskOpsPerSecond: 20 },
    line: "dd if=/dev/zero of=/data/ops bs=4k count=120 oflag=direct 2>&1",
    atLeast: 5,
  },
  {
    what: "sends no faster than its bytes a second",
    limits: { netBytesPerSecond: 256 * KIB },
    line: "head -c 1572864 /dev/zero | tr '\\0' x",
    atLeast: 5,
  },
];

describe("a guest under its VMM's rate limiters", { skip }, () => {
  let fixture: VmFixture;
  let driver: VmmDriver;
  let free: TestVm;

  before(async () => {
    fixture = await openVmFixture(await ensureTestImage("probe", "probe"), "block-device");
    driver = createFirecrackerDriver(firecrackerOptions(fixture));
    free = await boot({});
  });
  after(async () => {
    driver.close();
    await fixture.close();
  });

  async function boot(limits: VmLimits): Promise<TestVm> {
    const vm = await fixture.vm({ memMib: 256, limits });
    await driver.launch(vm.launch);
    await startWitness(fixture, vm);
    return vm;
  }

  async function secondsOf(vm: TestVm, line: string): Promise<number> {
    const startedAt = nodeClock.monotonicMs();
    await inGuest(fixture, vm, line);
    return (nodeClock.monotonicMs() - startedAt) / 1000;
  }

  /** The host holds a VMM to as much as its limiters do: without that only they are left. */
  async function dropHostLimits({ launch }: TestVm): Promise<void> {
    const group = join("/sys/fs/cgroup", firecrackerOptions(fixture).cgroupParent, launch.id);
    const { stdout } = await fixture.commands.run({ argv: ["cat", join(group, "io.max")], timeoutMs: 10_000 });
    for (const [device] of stdout.split("\n").map((row) => row.split(" ")))
      if (device !== undefined && device !== "")
        await writeFile(join(group, "io.max"), `${device} rbps=max wbps=max riops=max wiops=max`);
  }

  for (const { what, limits, line, atLeast } of loads)
    test(what, async (context: TestContext) => {
      const vm = await boot(limits);
      await dropHostLimits(vm);
      const [limited, unlimited] = [await secondsOf(vm, line), await secondsOf(free, line)];
      context.diagnostic(`${what}: ${limited.toFixed(1)} s, without limits ${unlimited.toFixed(1)} s`);
      assert.ok(limited >= atLeast, `${limited} s`);
      assert.ok(unlimited < limited / 2, `without limits ${unlimited} s`);
    });
});
