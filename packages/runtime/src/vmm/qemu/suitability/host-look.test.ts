/** What is learned of the host and kept, with commands that answer as told and real files. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { MvmError, isMvmError, nodeClock, nodeFiles, type CommandRunner, type Files } from "@mvm/core";
import { lookAtHost } from "./fingerprint.ts";
import { openHostFacts } from "./host-facts.ts";
import { openHostSupport } from "./host-support.ts";
import { kvmProbeArgv } from "./kvm-probe.ts";
import { parseQemuVersion } from "./version.ts";

const VERSION_LINE = "QEMU emulator version 7.2.22 (Debian)\n";
const version = parseQemuVersion(VERSION_LINE) ?? assert.fail();
const timedOut = new MvmError("MVM_HOST_COMMAND_TIMEOUT", { message: "late" });
const failed = (stderr: string) => new MvmError("MVM_HOST_COMMAND_FAILED", { message: "failed", details: { stderr } });

/** Standard output or an error, by the program's last word of path or by `kvm` for the probe. */
type Answers = Readonly<Record<string, string | Error>>;

let stateDir = "";
let nowMs = 0;
const clock = { ...nodeClock, monotonicMs: () => nowMs };
let ran: string[] = [];

beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), "mvm-host-"));
  ran = [];
  nowMs = 0;
  for (const name of ["one", "same", "other"])
    await writeFile(join(stateDir, name), name === "other" ? "kernel 2" : "kernel 1");
});
afterEach(() => rm(stateDir, { recursive: true, force: true }));

function commandsThat(answers: Answers): CommandRunner {
  return {
    async run({ argv }) {
      const what = argv.includes("kvm") ? "kvm" : argv[0];
      ran.push(what);
      const answer = answers[what] ?? failed("not found");
      if (answer instanceof Error) throw answer;
      return { code: 0, stdout: answer, stderr: "" };
    },
  };
}

/** The real files, with /dev/kvm and the like as told. */
const filesWith = (present: readonly string[]): Files => ({
  ...nodeFiles,
  stat: (path) =>
    path.startsWith("/dev/") || path.startsWith("/sys/")
      ? nodeFiles.stat(present.includes(path) ? "/dev/null" : "/none")
      : nodeFiles.stat(path),
});

const GOOD: Answers = {
  "qemu-system-x86_64": VERSION_LINE,
  nsenter: "nsenter from util-linux",
  dmesg: "tsc: Detected 2600.000 MHz processor",
};
const DEVICES = ["/dev/kvm", "/dev/net/tun"];

function hostOf(answers: Answers, devices = DEVICES) {
  const [commands, files] = [commandsThat(answers), filesWith(devices)];
  const facts = openHostFacts({ clock, commands, files, stateDir });
  const kvm = (kernel: string) => facts.kvm({ kernelPath: join(stateDir, kernel), version, rootDir: "/none" });
  return { facts, kvm, look: async () => (await lookAtHost({ commands, files, facts })).fingerprint };
}

test("a kernel is probed once for all its copies, also over a restart; another one anew", async () => {
  const answers = { ...GOOD, kvm: "Linux…\nKernel panic - not syncing: VFS: Unable to mount root fs" };
  const first = hostOf(answers);
  assert.deepEqual(
    await Promise.all([first.kvm("one"), first.kvm("same")]).then((all) => all.map(({ works }) => works)),
    [true, true],
  );
  const second = hostOf(answers);
  assert.equal((await second.kvm("same")).works, true);
  assert.deepEqual(
    ran.filter((what) => what === "kvm"),
    ["kvm"],
  );
  await second.kvm("other");
  assert.equal(ran.filter((what) => what === "kvm").length, 2);
});

test("that KVM does not work is not kept: a restart asks again, a timeout and a missing device before that", async () => {
  const probed = (): number => ran.filter((what) => what === "kvm").length;
  const answers = { ...GOOD, kvm: "Kernel panic - not syncing" };
  const refused = hostOf({ ...GOOD, kvm: failed("Permission denied") });
  await refused.kvm("one");
  nowMs += 24 * 3_600_000;
  await refused.kvm("one");
  assert.equal(probed(), 1, "a refusal serves as long as the agent runs");
  assert.equal((await hostOf(answers).kvm("one")).works, true, "the next agent asks");

  const busy: Record<string, string | Error> = { ...GOOD, kvm: timedOut };
  const host = hostOf(busy);
  assert.equal((await host.kvm("other")).works, false);
  busy["kvm"] = answers.kvm;
  assert.equal((await host.kvm("other")).works, false, "not at every launch");
  nowMs += 11 * 60_000;
  assert.equal((await host.kvm("other")).works, true, "a host that was busy");

  const devices = ["/dev/net/tun"];
  const bare = hostOf(answers, devices);
  assert.equal((await bare.kvm("same")).works, false);
  devices.push("/dev/kvm");
  assert.equal((await bare.kvm("same")).works, true, "the module was loaded");
});

test("a host that was mended is usable without a restart", async () => {
  const answers: Record<string, string | Error> = { ...GOOD, kvm: "Kernel panic - not syncing" };
  const { nsenter } = GOOD;
  answers["nsenter"] = failed("");
  const host = openHostSupport({ clock, commands: commandsThat(answers), files: filesWith(DEVICES), stateDir });
  await assert.rejects(host.executionOf(join(stateDir, "one"), "/none"), /nsenter is not installed/);
  answers["nsenter"] = nsenter ?? "";
  assert.equal((await host.fingerprint()).unusable, null);
  assert.equal((await host.executionOf(join(stateDir, "one"), "/none")).acceleration, "kvm");
});

test("what the log once told is kept until the next boot", async () => {
  assert.equal(await hostOf(GOOD).facts.tscKhz(), 2_600_000);
  const path = join(stateDir, "qemu-host.json");
  const saved = JSON.parse((await nodeFiles.read(path, 10_000))?.toString() ?? "") as { boot_id: string };
  const overwritten = { ...GOOD, dmesg: "nothing of interest" };
  await writeFile(path, JSON.stringify({ ...saved, tsc_khz: 2_600_001 }));
  assert.equal(await hostOf(overwritten).facts.tscKhz(), 2_600_001);
  await writeFile(path, JSON.stringify({ ...saved, tsc_khz: 2_600_001, boot_id: "another" }));
  assert.equal(await hostOf(GOOD).facts.tscKhz(), 2_600_000, "another boot");
  await writeFile(path, "{ not json");
  assert.equal(await hostOf(GOOD).facts.tscKhz(), 2_600_000, "a broken file");
});

test("on a node without a state directory nothing is written, and nothing fails", async () => {
  const missing = join(stateDir, "none");
  const facts = openHostFacts({ clock, commands: commandsThat(GOOD), files: filesWith(DEVICES), stateDir: missing });
  assert.equal(await facts.tscKhz(), 2_600_000);
  assert.equal(await nodeFiles.stat(missing), null);
});

const probes: readonly [name: string, answer: string | Error, reason: RegExp][] = [
  ["hangs", timedOut, /not up within 5 s/],
  ["falls over at once", "", /without a word/],
  ["can't be opened", failed("Could not access KVM kernel module: Permission denied"), /Permission denied/],
];
for (const [name, answer, reason] of probes) {
  test(`KVM that ${name} is not used, and the fingerprint says why`, async () => {
    const host = hostOf({ ...GOOD, kvm: answer });
    const before = await host.look();
    assert.ok(before.relaxations.some((sentence) => sentence.includes("when the first VM starts")));
    assert.match((await host.kvm("one")).reason, reason);
    const after = await host.look();
    assert.equal(after.acceleration, "emulated");
    assert.equal(after.unusable, null);
    assert.ok(after.relaxations.some((sentence) => reason.test(sentence)));
  });
}

test("the probe is confined as a VM is, and ends without us", () => {
  const argv = kvmProbeArgv({ kernelPath: "/k", version, rootDir: "/empty" }).join(" ");
  assert.match(argv, /^timeout --signal=KILL 6 qemu-system-x86_64 /);
  assert.match(argv, /-accel kvm .*-sandbox on,.* -chroot \/empty -runas 65534:65534$/);
});

test("KVM that works is said, without a relaxation", async () => {
  const host = hostOf({ ...GOOD, kvm: "Kernel panic - not syncing" });
  await host.kvm("one");
  const { acceleration, relaxations, version: text } = await host.look();
  assert.deepEqual([acceleration, text], ["kvm", "7.2.22"]);
  assert.ok(!relaxations.some((sentence) => sentence.includes("emulated")));
});

test("without /dev/kvm nothing is tried", async () => {
  const host = hostOf(GOOD, ["/dev/net/tun"]);
  assert.equal((await host.kvm("one")).works, false);
  assert.ok(!ran.includes("kvm"));
  assert.ok((await host.look()).relaxations.some((sentence) => sentence.includes("/dev/kvm is missing")));
});

const obstacles: readonly [name: string, answers: Answers, devices: readonly string[], reason: RegExp][] = [
  ["no QEMU", { nsenter: "x", dmesg: "" }, DEVICES, /not installed/],
  [
    "an old QEMU",
    { ...GOOD, "qemu-system-x86_64": "QEMU emulator version 5.2.0" },
    DEVICES,
    /5\.2\.0 is older than 7\.2/,
  ],
  ["no nsenter", { ...GOOD, nsenter: failed("") }, DEVICES, /nsenter/],
  ["no tun device", GOOD, ["/dev/kvm"], /\/dev\/net\/tun/],
];
for (const [name, answers, devices, reason] of obstacles) {
  test(`unusable with ${name}, with a remedy`, async () => {
    const { unusable } = await hostOf(answers, [...devices]).look();
    assert.match(unusable?.reason ?? "", reason);
    assert.ok((unusable?.remedy.length ?? 0) > 5);
  });
}

test("without a known clock an emulated guest can't run; under KVM it can", async () => {
  // A processor of another kind: /proc/cpuinfo tells nothing either.
  const blind = { ...GOOD, dmesg: failed("Operation not permitted"), kvm: "Kernel panic - not syncing" };
  const lookWith = async (devices: readonly string[]) => {
    const all = filesWith(devices);
    const files: Files = {
      ...all,
      read: (path, maxBytes) => all.read(path === "/proc/cpuinfo" ? "/none" : path, maxBytes),
    };
    const commands = commandsThat(blind);
    const facts = openHostFacts({ clock, commands, files, stateDir });
    await facts.kvm({ kernelPath: join(stateDir, "one"), version, rootDir: "/none" });
    assert.equal(await facts.tscKhz(), null);
    return (await lookAtHost({ commands, files, facts })).fingerprint.unusable;
  };
  assert.equal(await lookWith(DEVICES), null);
  assert.match((await lookWith(["/dev/net/tun"]))?.reason ?? "", /time stamp counter/);
});

test("how a kernel executes is decided by its probe, and refused where neither way is open", async () => {
  const supportOf = (answers: Answers, devices: readonly string[], cpuinfo: string) => {
    const all = filesWith(devices);
    const files: Files = {
      ...all,
      read: (path, maxBytes) => all.read(path === "/proc/cpuinfo" ? cpuinfo : path, maxBytes),
    };
    return openHostSupport({ clock, commands: commandsThat(answers), files, stateDir });
  };
  const kernel = join(stateDir, "one");
  const emulated = supportOf({ ...GOOD, kvm: timedOut }, DEVICES, "/none");
  assert.equal(
    (await emulated.fingerprint()).relaxations.some((one) => one.includes("may be emulated")),
    true,
  );
  assert.deepEqual(await emulated.executionOf(kernel, "/none"), {
    version,
    acceleration: "emulated",
    tscKhz: 2_600_000,
  });
  assert.equal(
    (await emulated.fingerprint()).relaxations.some((one) => one.includes("not up within")),
    true,
  );

  const accelerated = supportOf({ ...GOOD, dmesg: "", kvm: "Kernel panic - not syncing" }, DEVICES, "/none");
  assert.deepEqual(await accelerated.executionOf(kernel, "/none"), { version, acceleration: "kvm", tscKhz: null });

  await rm(join(stateDir, "qemu-host.json"));
  const neither = supportOf({ ...GOOD, dmesg: "", kvm: timedOut }, DEVICES, "/none");
  await assert.rejects(neither.executionOf(kernel, "/none"), (error) => {
    return isMvmError(error, "MVM_HOST_UNSUPPORTED") && error.message.includes("time stamp counter");
  });
});
