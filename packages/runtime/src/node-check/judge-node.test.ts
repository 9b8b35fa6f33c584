import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { NodeCheck, type NodeMode } from "@mvm/core";
import type { DriverFingerprint } from "../vmm/driver.ts";
import { FIRECRACKER_MEM_OVERHEAD } from "../vmm/firecracker/suitability/mem-overhead.ts";
import type { ProgramFacts } from "../vmm/firecracker/suitability/observe-program.ts";
import { judgeNode } from "./judge-node.ts";
import type { MountFacts, NodeFacts } from "./node-facts.ts";

const GIB = 1024 ** 3;
const program = (name: string, printed: string): ProgramFacts => ({
  path: `/opt/firecracker/${name}`,
  file: {
    realPath: `/opt/firecracker/${name}`,
    isLink: false,
    uid: 0,
    mode: 0o755,
    isStatic: true,
    replaceableIn: null,
  },
  printed,
});
const mount = (path: string): MountFacts => ({ path, mountPoint: "/", options: ["rw"], freeBytes: 100 * GIB });

/** A host that keeps every promise. */
const good: NodeFacts = {
  kvm: { device: { mode: 0o660, uid: 0 }, trial: { works: true, reason: "" } },
  firecracker: program("firecracker", "Firecracker v1.15.1\n"),
  jailer: program("jailer", "Jailer v1.15.1\n"),
  cgroup: { mount: "/cgroup2", controllers: ["cpuset", "cpu", "io", "memory", "pids"] },
  acceptedFirecracker: [],
  encryption: { deviceMapper: true, crypt: "loaded", cryptsetup: "cryptsetup 2.6.1", loopControl: true },
  network: { nft: "nftables v1.0.6", refusal: null, tun: true, namespaces: true },
  swaps: [],
  ksm: { run: "0", pagesShared: 0 },
  guestTimerPeriodUs: "200",
  cpu: { smtActive: false, microcode: "0x2b", vulnerabilities: { mds: "Not affected", retbleed: "Mitigation: IBRS" } },
  kernel: "6.1.0-56-amd64",
  storage: { jails: mount("/var/lib/mvm/jails"), state: mount("/var/lib/mvm"), images: mount("/var/cache/mvm/images") },
  clockSource: "tsc",
  memory: { guestMib: 7000, reservedMib: 1024, overcommit: "0" },
};

const driver: DriverFingerprint = {
  name: "firecracker",
  version: "1.15.1",
  acceleration: "kvm",
  memOverhead: FIRECRACKER_MEM_OVERHEAD,
  unusable: null,
  relaxations: [],
};

const withFile = (facts: ProgramFacts, changes: Partial<NonNullable<ProgramFacts["file"]>>): ProgramFacts => ({
  ...facts,
  file: facts.file === null ? null : { ...facts.file, ...changes },
});
const withJails = (changes: Partial<MountFacts>): Partial<NodeFacts> => ({
  storage: { ...good.storage, jails: { ...good.storage.jails, ...changes } },
});
const cpu = (changes: Partial<NodeFacts["cpu"]>): Partial<NodeFacts> => ({ cpu: { ...good.cpu, ...changes } });
const withControllers = (controllers: NodeFacts["cgroup"]["controllers"]): Pick<NodeFacts, "cgroup"> => ({
  cgroup: { ...good.cgroup, controllers },
});
const free = (freeBytes: number): Partial<NodeFacts> => ({
  storage: { ...good.storage, state: { ...good.storage.state, freeBytes } },
});
const firecracker = (changes: Partial<NonNullable<ProgramFacts["file"]>>): Partial<NodeFacts> => ({
  firecracker: withFile(good.firecracker, changes),
});
const printed = (version: string): Partial<NodeFacts> => ({
  firecracker: { ...good.firecracker, printed: `Firecracker v${version}\n` },
  jailer: { ...good.jailer, printed: `Jailer v${version}\n` },
});

type Row = readonly [
  what: string,
  changes: Partial<NodeFacts>,
  name: string,
  status: "ok" | "warn" | "missing",
  seen: RegExp,
  remedy?: RegExp,
];

const rows: readonly Row[] = [
  ["no KVM", { kvm: { device: null, trial: null } }, "kvm", "missing", /\/dev\/kvm is missing/, /modprobe kvm-intel/],
  ["no KVM to have rights on", { kvm: { device: null, trial: null } }, "kvm-rights", "ok", /^nothing to judge/],
  ["KVM never tried", { kvm: { ...good.kvm, trial: null } }, "kvm", "warn", /not tried/, /build an image/],
  [
    "a KVM that opens and runs nothing",
    { kvm: { ...good.kvm, trial: { works: false, reason: "it was not up within 20 s" } } },
    "kvm",
    "missing",
    /did not boot with it: it was not up within 20 s/,
  ],
  [
    "a KVM for all",
    { kvm: { ...good.kvm, device: { mode: 0o666, uid: 0 } } },
    "kvm-rights",
    "missing",
    /0666/,
    /^chmod 0660 \/dev\/kvm, .*99-kvm\.rules/,
  ],
  [
    "a KVM that all may only read",
    { kvm: { ...good.kvm, device: { mode: 0o664, uid: 0 } } },
    "kvm-rights",
    "missing",
    /0664/,
  ],
  ["a KVM for root alone", { kvm: { ...good.kvm, device: { mode: 0o600, uid: 0 } } }, "kvm-rights", "ok", /0600/],
  ["a KVM given away", { kvm: { ...good.kvm, device: { mode: 0o660, uid: 5 } } }, "kvm-rights", "missing", /uid 5/],
  [
    "no Firecracker",
    { firecracker: { ...good.firecracker, file: null, printed: null } },
    "firecracker",
    "missing",
    /firecracker is missing/,
    /1\.15\.1/,
  ],
  ["a linked Firecracker", firecracker({ isLink: true }), "firecracker", "missing", /is a link/],
  ["a dynamic Firecracker", firecracker({ isStatic: false }), "firecracker", "missing", /not linked statically/],
  [
    "somebody's Firecracker",
    firecracker({ uid: 1000 }),
    "firecracker",
    "missing",
    /belongs to uid 1000/,
    /^chown root:root/,
  ],
  ["a writable Firecracker", firecracker({ mode: 0o775 }), "firecracker", "missing", /its mode is 0775/, /^chmod go-w/],
  [
    "an exchangeable Firecracker",
    firecracker({ replaceableIn: "/opt" }),
    "firecracker",
    "missing",
    /\/opt is not root's alone/,
  ],
  ["a refused Firecracker", printed("1.16.1"), "firecracker", "missing", /Firecracker 1\.16\.1 never answers/],
  ["an unknown Firecracker", printed("2.0.0"), "firecracker", "missing", /2\.0\.0 was not tried/],
  [
    "an unreleased Firecracker",
    printed("1.17.0-dev"),
    "firecracker",
    "missing",
    /is no release/,
    /^Install release 1\.15\.1 .* accept_firecracker = \["1\.17\.0-dev"\]/,
  ],
  [
    "an unreleased Firecracker that the configuration names",
    { ...printed("1.17.0-dev"), acceptedFirecracker: ["1.17.0-dev"] },
    "firecracker",
    "warn",
    /is no release/,
  ],
  [
    "a refused Firecracker, whatever the configuration names",
    { ...printed("1.16.1"), acceptedFirecracker: ["1.16.1"] },
    "firecracker",
    "missing",
    /1\.16\.1 never answers/,
  ],
  [
    "a mute Firecracker",
    { firecracker: { ...good.firecracker, printed: "hello" } },
    "firecracker",
    "missing",
    /does not name a release/,
  ],
  ["no jailer", { jailer: { ...good.jailer, file: null, printed: null } }, "jailer", "missing", /jailer is missing/],
  [
    "another release's jailer",
    { jailer: program("jailer", "Jailer v1.14.0\n") },
    "jailer",
    "missing",
    /1\.14\.0, Firecracker of 1\.15\.1/,
  ],
  ["somebody's jailer", { jailer: withFile(good.jailer, { uid: 7 }) }, "jailer", "missing", /uid 7/],
  ["no cgroup v2", withControllers(null), "cgroup", "missing", /not mounted at \/cgroup2/, /cgroup2 none \/cgroup2;/],
  ["controllers on version 1", withControllers(["hugetlb"]), "cgroup", "missing", /lacks cpu, io, memory, pids/],
  [
    "no cryptsetup",
    { encryption: { ...good.encryption, cryptsetup: null } },
    "cryptsetup",
    "missing",
    /not installed/,
    /apt-get/,
  ],
  [
    "no device-mapper",
    { encryption: { ...good.encryption, deviceMapper: false } },
    "dm-crypt",
    "missing",
    /no device-mapper/,
  ],
  [
    "no dm-crypt",
    { encryption: { ...good.encryption, crypt: null } },
    "dm-crypt",
    "missing",
    /no dm-crypt/,
    /modprobe dm-crypt/,
  ],
  ["dm-crypt as a module", { encryption: { ...good.encryption, crypt: "loadable" } }, "dm-crypt", "ok", /as a module/],
  [
    "no loop devices",
    { encryption: { ...good.encryption, loopControl: false } },
    "dm-crypt",
    "missing",
    /loop-control/,
  ],
  ["no nft", { network: { ...good.network, nft: null } }, "nftables", "missing", /not installed/],
  [
    "a kernel without a family",
    { network: { ...good.network, refusal: "Not supported" } },
    "nftables",
    "missing",
    /Not supported/,
  ],
  ["no taps", { network: { ...good.network, tun: false } }, "network", "missing", /net\/tun/],
  ["no namespaces", { network: { ...good.network, namespaces: false } }, "network", "missing", /namespaces/],
  [
    "swap on a disk",
    { swaps: [{ device: "/dev/sda2", safe: null }] },
    "swap",
    "missing",
    /\/dev\/sda2/,
    /^swapoff \/dev\/sda2/,
  ],
  ["swap in memory", { swaps: [{ device: "/dev/zram0", safe: "memory" }] }, "swap", "ok", /zram0 in memory/],
  ["encrypted swap", { swaps: [{ device: "/dev/dm-0", safe: "encrypted" }] }, "swap", "ok", /dm-0 encrypted/],
  ["same-page merging", { ksm: { run: "1", pagesShared: 0 } }, "ksm", "missing", /is on/, /echo 2 >/],
  [
    "pages that stay merged",
    { ksm: { run: "0", pagesShared: 17 } },
    "ksm",
    "missing",
    /is off, 17 pages are shared/,
    /^echo 2 > \/sys\/kernel\/mm\/ksm\/run$/,
  ],
  ["same-page merging that was undone", { ksm: { run: "2", pagesShared: 0 } }, "ksm", "ok", /is off/],
  ["a kernel without it", { ksm: null }, "ksm", "ok", /has none/],
  [
    "guests that may tick at any rate",
    { guestTimerPeriodUs: "0" },
    "guest-timers",
    "missing",
    /one tick in 0 µs/,
    /echo 200 >/,
  ],
  ["a kernel without KVM's parameters", { guestTimerPeriodUs: null }, "guest-timers", "ok", /no such timers/],
  ["threads on a sound processor", cpu({ smtActive: true }), "smt", "warn", /no weakness/, /nosmt/],
  [
    "threads that leak",
    cpu({ smtActive: true, vulnerabilities: { mds: "Mitigation: Clear CPU buffers; SMT vulnerable" } }),
    "smt",
    "missing",
    /vulnerable: mds/,
  ],
  [
    "the same processor without threads",
    cpu({ vulnerabilities: { mds: "Mitigation: Clear CPU buffers; SMT vulnerable" } }),
    "smt",
    "ok",
    /off/,
  ],
  [
    "old microcode",
    cpu({ vulnerabilities: { mds: "Vulnerable: Clear CPU buffers attempted, no microcode", l1tf: "Not affected" } }),
    "microcode",
    "warn",
    /0x2b, open: mds/,
    /intel-microcode/,
  ],
  [
    "a kernel that can't end a VM as a whole",
    { kernel: "5.10.0-32-amd64" },
    "kernel",
    "missing",
    /5\.10\.0-32-amd64, which has no cgroup\.kill/,
    /6\.1 and 6\.18/,
  ],
  ["the oldest kernel that can", { kernel: "5.14.0" }, "kernel", "warn", /5\.14\.0$/],
  ["a kernel of years ago", { kernel: "4.19.0-27" }, "kernel", "missing", /cgroup\.kill/],
  ["a kernel without a number", { kernel: "unknown" }, "kernel", "warn", /Linux unknown$/],
  ["an untested kernel", { kernel: "6.12.1" }, "kernel", "warn", /6\.12\.1/],
  ["a kernel whose name only begins alike", { kernel: "6.10.1" }, "kernel", "warn", /6\.10\.1/],
  [
    "jails where nothing runs",
    withJails({ options: ["rw", "noexec", "nodev"], mountPoint: "/var" }),
    "jail-file-system",
    "missing",
    /mounted noexec, nodev/,
    /remount,exec,dev \/var/,
  ],
  [
    "images on another file system",
    withJails({ mountPoint: "/srv" }),
    "jail-file-system",
    "missing",
    /\/var\/lib\/mvm lies on \//,
  ],
  ["a full disk", free(GIB / 2), "disk-space", "missing", /0\.5 GiB free/],
  ["little space", free(5 * GIB), "disk-space", "warn", /5\.0 GiB free/],
  ["another clock", { clockSource: "hpet" }, "clock-source", "warn", /hpet/],
  ["no clock told", { clockSource: null }, "clock-source", "warn", /unknown/],
  [
    "no memory for guests",
    { memory: { ...good.memory, guestMib: 0 } },
    "memory",
    "missing",
    /0 MiB for guests/,
    /reserved_mem_mib/,
  ],
  ["a host without memory", { memory: { ...good.memory, reservedMib: 0 } }, "memory", "warn", /0 MiB kept/],
  ["strict overcommit", { memory: { ...good.memory, overcommit: "2" } }, "memory", "warn", /counts all/],
];

const find = (facts: NodeFacts, name: string, mode: NodeMode = "production"): NodeCheck => {
  const check = judgeNode(facts, driver, mode).find((one) => one.name === name);
  assert.ok(check, `no check ${name}`);
  return check;
};

describe("the judgement of a host", () => {
  it("finds nothing on a good host", () => {
    for (const mode of ["production", "development"] as const) {
      for (const check of judgeNode(good, driver, mode))
        assert.deepEqual([check.name, check.status, check.remedy], [check.name, "ok", null]);
    }
  });

  for (const [what, changes, name, status, seen, remedy = /./] of rows) {
    it(`of ${what}: ${name} is ${status}`, () => {
      const facts = { ...good, ...changes };
      const check = find(facts, name);
      assert.equal(check.status, status);
      assert.match(check.seen, seen);
      if (status === "ok") assert.equal(check.remedy, null);
      else assert.match(check.remedy ?? "", remedy);
    });
  }

  it("says something of every check, in the published form", () => {
    const facts = rows.map(([, changes]) => ({ ...good, ...changes }));
    for (const check of facts.flatMap((one) => judgeNode(one, driver, "production")))
      assert.doesNotThrow(() => NodeCheck.parse(check));
    const tried = new Set(["driver", ...rows.filter(([, , , status]) => status !== "ok").map(([, , name]) => name)]);
    const names = judgeNode(good, driver, "production").map(({ name }) => name);
    assert.deepEqual([...tried].sort(), [...names].sort(), "each can fail");
  });

  it("is explained in docs/node-check.md, check by check", () => {
    const page = readFileSync(join(import.meta.dirname, "../../../../docs/node-check.md"), "utf8");
    const listed = [...page.matchAll(/^\| `([a-z-]+)`( \*)? \|/gm)].map(([, name = ""]) => name);
    assert.deepEqual(
      listed.toSorted(),
      judgeNode(good, driver, "production")
        .map(({ name }) => name)
        .sort(),
    );
  });

  it("begins with the driver's own word", () => {
    const broken = { ...driver, unusable: { reason: "it is not installed", remedy: "Install it." } };
    for (const mode of ["production", "development"] as const) {
      const [check] = judgeNode(good, broken, mode);
      assert.deepEqual(
        [check?.name, check?.status, check?.seen, check?.remedy],
        ["driver", "missing", "firecracker: it is not installed", "Install it."],
      );
    }
  });

  it("says once what mends the driver, where a check says what is wrong with it", () => {
    const bare = { ...good, firecracker: { ...good.firecracker, file: null, printed: null } };
    const { seen, remedy } = find(bare, "firecracker");
    const broken = { ...driver, unusable: { reason: seen, remedy: remedy ?? "" } };
    const [check] = judgeNode(bare, broken, "production");
    assert.deepEqual(
      [check?.status, check?.seen, check?.remedy],
      ["missing", `firecracker: ${seen}`, "See firecracker."],
    );
  });

  it("names with every module and kernel switch what loads it at the next boot", () => {
    const remedies = rows.flatMap(([, changes, name]) => find({ ...good, ...changes }, name).remedy ?? []);
    const passing = remedies.filter((remedy) => /modprobe|sysctl -w/.test(remedy));
    assert.ok(passing.length > 5);
    for (const remedy of passing) assert.match(remedy, /\/etc\/(modules-load|sysctl)\.d\/mvm\.conf/);
  });

  it("relaxes in development what only production promises, and keeps what every mode needs", () => {
    const bare = { ...good, ...withControllers(null), network: { ...good.network, nft: null } };
    assert.equal(find(bare, "cgroup", "development").status, "warn");
    assert.equal(find(bare, "cgroup", "development").remedy, find(bare, "cgroup").remedy);
    assert.equal(find(bare, "nftables", "development").status, "missing");
  });
});
