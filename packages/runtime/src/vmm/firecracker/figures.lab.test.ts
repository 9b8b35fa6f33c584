/**
 * What the driver costs a host beyond the jailer and the guest's memory, counted on real VMs: processes, syncs,
 * mounts, and what Firecracker itself keeps in memory. Times are measured by bench/firecracker-boot.ts.
 */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";
import { ensureTestImage, firecrackerOptions, helloOf, openVmFixture, requires, type VmFixture } from "@mvm/testing";
import type { StartedVm, VmLaunch, VmmDriver } from "../driver.ts";
import type { FirecrackerDriverOptions } from "./driver-parts.ts";
import { createFirecrackerDriver } from "./firecracker-driver.ts";
import { ensureJailsDir } from "./jail/jail.ts";

const skip = await requires("root", "network", "volumes", "images", "device-mapper", "firecracker");
const MOST = { processes: 3, syncs: 4, mounts: 0, memMib: 6 } as const;
/** Who gets pages of 2 MiB. Where all do, as the kernel likes, a VMM holds more than it ever touched. */
const HUGE_PAGES = "/sys/kernel/mm/transparent_hugepage/enabled";
const HUGE_PAGES_MIB = 4;
/** systemd mounts credentials of services of its own at any time. */
const NOT_OURS = "/run/credentials/";
const KIB_PER_MIB = 1024;
const LARGEST = 5;

/** What the driver has done to the host since it was last emptied. */
interface Tally {
  argvs: readonly (readonly string[])[];
  syncs: number;
}

interface Measured {
  readonly launch: VmLaunch;
  readonly start: () => Promise<StartedVm>;
  /** What the VMM itself may hold of memory. */
  readonly mostMib?: number | undefined;
}

interface FigureSeen {
  readonly what: string;
  readonly seen: number;
  readonly most: number;
  readonly details: string;
}

describe("what a VM costs beyond the jailer and its guest", { skip }, () => {
  const tally: Tally = { argvs: [], syncs: 0 };
  let fixture: VmFixture;
  let driver: VmmDriver;
  let hugePagesBefore: string;

  before(async () => {
    hugePagesBefore = /\[(\w+)\]/.exec(await readFile(HUGE_PAGES, "utf8"))?.[1] ?? "madvise";
    await writeFile(HUGE_PAGES, "madvise");
    fixture = await openVmFixture(await ensureTestImage("minimal"), "block-device");
    const options = counted(firecrackerOptions(fixture), tally);
    driver = createFirecrackerDriver(options);
    // Once a node, not once a VM: the programs' versions, and the pipe that every log is a copy of.
    await driver.fingerprint();
    await ensureJailsDir(options, options.jailsDir);
  });
  after(async () => {
    await writeFile(HUGE_PAGES, hugePagesBefore);
    driver.close();
    await fixture.close();
  });

  async function expectLittle(context: TestContext, { launch, start, mostMib = MOST.memMib }: Measured): Promise<void> {
    Object.assign(tally, { argvs: [], syncs: 0 } satisfies Tally);
    const mountsBefore = await mounts();
    const { handle } = await start();
    try {
      const { argvs, syncs } = { ...tally };
      const mounted = (await mounts()).filter((line) => !mountsBefore.includes(line));
      await helloOf(driver, handle);
      const smaps = await readFile(`/proc/${handle.process.pid}/smaps`, "utf8");
      const seen = [
        ...hostFigures(argvs, mounted),
        { what: "syncs of files", seen: syncs, most: MOST.syncs, details: "" },
        memoryFigure(smaps, launch.memMib, mostMib),
      ];
      for (const { what, seen: value, most, details } of seen)
        context.diagnostic(
          `${context.name}: ${what}: ${value}, at most ${most}${details === "" ? "" : ` (${details})`}`,
        );
      assert.deepEqual(
        seen.filter(({ seen: value, most }) => value > most),
        [],
      );
    } finally {
      await driver.kill(handle);
    }
  }

  test("a launch", async (context) => {
    const { launch } = await fixture.vm();
    await expectLittle(context, { launch, start: () => driver.launch(launch) });
  });

  async function restored(context: TestContext, mostMib?: number): Promise<void> {
    const { launch } = await fixture.vm();
    const { handle } = await driver.launch(launch);
    await helloOf(driver, handle);
    await driver.pause(handle);
    const snapshot = await driver.snapshot(handle, { dir: await fixture.snapshotDir() });
    await driver.kill(handle);
    await expectLittle(context, { launch, start: () => driver.restore({ ...launch, snapshot }), mostMib });
  }

  test("a restore", (context) => restored(context));

  test("a restore where the kernel gives huge pages to everybody", async (context) => {
    await writeFile(HUGE_PAGES, "always");
    await restored(context, MOST.memMib + HUGE_PAGES_MIB);
  });
});

/** The driver's ports with a tally of what starts a process or makes a file durable; its other ports do neither. */
function counted(options: FirecrackerDriverOptions, tally: Tally): FirecrackerDriverOptions {
  const { commands, files } = options;
  const synced = <Result>(times: number, done: Result): Result => {
    tally.syncs += times;
    return done;
  };
  return {
    ...options,
    commands: {
      run(request) {
        tally.argvs = [...tally.argvs, request.argv];
        return commands.run(request);
      },
    },
    // As often as core's adapter does it: the file and its directory, or one of the two.
    files: {
      ...files,
      writeAtomic: (...args) => synced(2, files.writeAtomic(...args)),
      rename: (...args) => synced(1, files.rename(...args)),
      sync: (...args) => synced(1, files.sync(...args)),
      erase: (...args) => synced(2, files.erase(...args)),
    },
  };
}

async function mounts(): Promise<readonly string[]> {
  const lines = (await readFile("/proc/self/mountinfo", "utf8")).split("\n");
  return lines.filter((line) => !line.includes(NOT_OURS));
}

/** @param mounted lines of /proc/self/mountinfo that were not there before */
function hostFigures(argvs: readonly (readonly string[])[], mounted: readonly string[]): readonly FigureSeen[] {
  const programs = argvs.map(([program = ""]) => basename(program));
  const beyond = programs.filter((program) => program !== "jailer");
  assert.equal(programs.length - beyond.length, 1, `one jailer among ${programs.join(", ")}`);
  const mounting = argvs.filter((argv) => argv.some((word) => basename(word) === "mount"));
  const mountsSeen = [...mounting.map((argv) => argv.join(" ")), ...mounted];
  return [
    {
      what: "processes beyond the jailer",
      seen: beyond.length,
      most: MOST.processes,
      details: beyond.join(", "),
    },
    { what: "mounts", seen: mountsSeen.length, most: MOST.mounts, details: mountsSeen.join("; ") },
  ];
}

/**
 * Resident memory of the VMM without its guest's: below the hole for devices that is one mapping of exactly the
 * guest's size, anonymous after a boot, private of the memory file after a restore.
 */
function memoryFigure(smaps: string, guestMib: number, mostMib: number): FigureSeen {
  const mappings = mappingsOf(smaps);
  const own = mappings.filter(({ sizeKib }) => sizeKib !== guestMib * KIB_PER_MIB);
  const sizes = mappings.map(({ sizeKib }) => sizeKib).toSorted((a, b) => b - a);
  const largest = own.toSorted((a, b) => b.rssKib - a.rssKib).slice(0, LARGEST);
  assert.equal(
    mappings.length - own.length,
    1,
    `one mapping of ${guestMib} MiB; KiB: ${sizes.slice(0, LARGEST).join(", ")}`,
  );
  const sum = (key: "rssKib" | "pssKib"): number =>
    Math.round((own.reduce((total, mapping) => total + mapping[key], 0) / KIB_PER_MIB) * 100) / 100;
  const parts = largest.map(({ name, rssKib }) => `${name} ${rssKib} KiB`);
  return {
    what: "MiB of the VMM's own",
    seen: sum("rssKib"),
    most: mostMib,
    details: `${sum("pssKib")} by its share in what several map; ${parts.join(", ")}`,
  };
}

interface Mapping {
  /** Path, or what the kernel calls it. */
  readonly name: string;
  readonly sizeKib: number;
  readonly rssKib: number;
  readonly pssKib: number;
}

/** Of proc(5): a line `from-to rights offset device inode name`, then lines `Key:   N kB`. */
function mappingsOf(smaps: string): readonly Mapping[] {
  return smaps.split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m).map((text) => {
    const kib = (key: string): number => Number(new RegExp(`^${key}:\\s+(\\d+) kB$`, "m").exec(text)?.[1]);
    const name = text.split("\n", 1)[0]?.split(/\s+/).slice(5).join(" ") ?? "";
    return { name: name === "" ? "anonymous" : name, sizeKib: kib("Size"), rssKib: kib("Rss"), pssKib: kib("Pss") };
  });
}
