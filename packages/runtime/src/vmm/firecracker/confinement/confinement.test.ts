import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isMvmError } from "@mvm/core";
import type { FileIdentity } from "../../ports/raw-files.ts";
import { checkConfinement, isAlone, isFiltered, type PromisedConfinement } from "./confinement.ts";
import type { ProcessSight } from "./process-sight.ts";

const UID = 200_007;
const root: FileIdentity = { kind: "directory", device: 2_049, inode: 99, rdev: 0, uid: 0, gid: UID, mode: 0o750 };
const rootfs: FileIdentity = { kind: "file", device: 2_049, inode: 7, rdev: 0, uid: 0, gid: 0, mode: 0o444 };
const volume: FileIdentity = { kind: "block", device: 2_049, inode: 8, rdev: 64_771, uid: 0, gid: UID, mode: 0o660 };
const device = (rdev: number): FileIdentity => ({ ...rootfs, kind: "char", inode: 1, rdev });

const promised: PromisedConfinement = {
  uid: UID,
  netNamespace: "net:[4026532001]",
  cgroup: "/mvm.slice/acme-gw-0",
  brokenLimits: [],
  root,
  files: [rootfs, volume],
  limits: { openFiles: 1_536, fileSizeBytes: 603_979_776 },
  own: { pidNamespace: "pid:[1]", mountNamespace: "mnt:[1]", seccomp: 0, filters: 0 },
  filtered: "all-threads",
};

const thread = { seccomp: 2, filters: 1, noNewPrivs: true };
const confined: ProcessSight = {
  facts: {
    uids: [UID, UID, UID, UID],
    gids: [UID, UID, UID, UID],
    groups: [],
    capEffective: "0000000000000000",
    capPermitted: "0000000000000000",
    noNewPrivs: true,
    seccomp: 2,
    netNamespace: "net:[4026532001]",
    rootDir: "/",
    cmdline: ["/firecracker"],
    rssBytes: 5_000_000,
  },
  cgroup: "/mvm.slice/acme-gw-0",
  groupMates: [{ pid: 4_712, name: "kvm-nx-lpage-re", isKernelThread: true }],
  pidNamespace: "pid:[4026532002]",
  mountNamespace: "mnt:[4026532003]",
  pids: [4_711, 1],
  root,
  cwd: root,
  mounts: 1,
  descriptors: [
    { number: "0", name: "/null", file: device((1 << 8) | 3) },
    { number: "4", name: "anon_inode:[eventpoll]", file: null },
    { number: "5", name: "socket:[123]", file: { ...rootfs, kind: "socket", inode: 123 } },
    { number: "6", name: "/dev/kvm", file: device((10 << 8) | 232) },
    { number: "7", name: "/rootfs", file: rootfs },
    // Opened by another node of the same device.
    { number: "8", name: "/data", file: { ...volume, inode: 55 } },
    { number: "9", name: "", file: null },
    ...["[eventfd]", "[timerfd]", "kvm-vm", "kvm-vcpu:0", "kvm-vcpu:31", "kvm-arm-vgic-v3"].map((name, index) => ({
      number: String(20 + index),
      name: `anon_inode:${name}`,
      file: null,
    })),
  ],
  sockets: new Map([
    ["123", "/run/api.sock"],
    ["321", "/run/systemd/private"],
  ]),
  limits: promised.limits,
  threads: [
    { name: "firecracker", ...thread },
    { name: "fc_api", ...thread },
    { name: "fc_vcpu 0", ...thread },
  ],
};

test("a process as the jailer makes it keeps every promise", () => {
  const { kept, missing } = checkConfinement(confined, promised);
  assert.equal(kept.length, 12);
  assert.deepEqual(missing, []);
});

const opened = (name: string, file: FileIdentity | null): Partial<ProcessSight> => ({
  descriptors: [...confined.descriptors, { number: "10", name, file }],
});
const { facts } = confined;

/** What a jailer that drops one thing leaves to be seen, and the promise that it breaks. */
const sabotages: Record<string, readonly [Partial<ProcessSight>, RegExp]> = {
  uid: [{ facts: { ...facts, uids: [0, 0, 0, 0] } }, /runs as uid and gid/],
  "saved gid": [{ facts: { ...facts, gids: [UID, UID, 0, UID] } }, /runs as uid and gid/],
  groups: [{ facts: { ...facts, groups: [6] } }, /other groups/],
  capabilities: [{ facts: { ...facts, capPermitted: "0000000000001000" } }, /capabilities/],
  "resource limits": [{ limits: { openFiles: 1_048_576, fileSizeBytes: Number.NaN } }, /opens at most/],
  cgroup: [{ cgroup: "/system.slice/mvm-agent.service" }, /control group/],
  netns: [{ facts: { ...facts, netNamespace: "net:[1]" } }, /network namespace/],
  "a process of the host in its control group": [
    { groupMates: [{ pid: 99, name: "jailer", isKernelThread: false }] },
    /nobody else is in that group \(99 jailer\)/,
  ],
  "a process that calls itself a worker of KVM": [
    { groupMates: [{ pid: 99, name: "kvm-pit/4711", isKernelThread: false }] },
    /nobody else/,
  ],
  "another worker of the kernel": [
    { groupMates: [{ pid: 99, name: "kworker/0:1", isKernelThread: true }] },
    /nobody else/,
  ],
  "pid namespace": [{ pidNamespace: "pid:[1]", pids: [4_711] }, /pid namespace/],
  "chroot, with the host's mounts": [{ mountNamespace: "mnt:[1]", mounts: 31 }, /its jail/],
  "chroot, to another directory": [{ root: { ...root, inode: 2 } }, /its jail/],
  "chroot, with its working directory outside": [{ cwd: { ...root, inode: 2 } }, /its jail.*working directory/],
  "a working directory that can be read": [{ cwd: null }, /its jail/],
  "a pid namespace that can be read": [{ pidNamespace: null }, /pid namespace/],
  "a mount namespace that can be read": [{ mountNamespace: null }, /its jail/],
  "a mount too many": [{ mounts: 2 }, /its jail/],
  "a file of the host": [opened("/etc/shadow", { ...rootfs, inode: 8_888 }), /nothing open but.*10: \/etc\/shadow/],
  "a directory of the host": [opened("/", { ...root, inode: 2 }), /nothing open/],
  "another volume": [opened("/data", { ...volume, rdev: 64_772 }), /nothing open/],
  "a device of the host": [opened("/dev/mem", device((1 << 8) | 1)), /nothing open/],
  "a socket of the host": [opened("socket:[77]", null), /nothing open/],
  "a socket with another path": [opened("socket:[321]", null), /nothing open/],
  "a pipe of the host": [opened("pipe:[88]", { ...rootfs, kind: "fifo", inode: 88 }), /nothing open/],
  "the filter of one thread": [
    { threads: [...confined.threads, { ...thread, name: "fc_vcpu 1", seccomp: 0, filters: 0 }] },
    /system calls of each.*fc_vcpu 1/,
  ],
  "no-new-privileges": [{ threads: [{ ...thread, name: "firecracker", noNewPrivs: false }] }, /system calls/],
};

/** Without a file behind them, and nothing that Firecracker makes. */
for (const name of [
  "[pidfd]",
  "[io_uring]",
  "bpf-prog",
  "bpf-map",
  "[userfaultfd]",
  "inotify",
  "[signalfd]",
  "[perf_event]",
])
  sabotages[`an ${name} of another's`] = [opened(`anon_inode:${name}`, null), /nothing open/];

describe("a process that was jailed without", () => {
  for (const [what, [seen, promise]] of Object.entries(sabotages)) {
    test(what, () => {
      assert.throws(
        () => checkConfinement({ ...confined, ...seen }, promised),
        (error) => isMvmError(error, "MVM_VM_CONFINEMENT") && promise.test(error.message),
      );
    });
  }
});

test("limits that are not in force break the promise by name", () => {
  assert.throws(
    () => checkConfinement(confined, { ...promised, brokenLimits: ["memory.max is 'max' instead of '1'"] }),
    (error) => isMvmError(error, "MVM_VM_CONFINEMENT") && error.message.includes("memory.max is 'max'"),
  );
});

test("before the guest runs only the API's thread can have its filter, and must", () => {
  const early = [
    { name: "firecracker", seccomp: 0, filters: 0, noNewPrivs: false },
    { name: "fc_api", ...thread },
  ];
  const before = { ...promised, filtered: "api-thread" } as const;
  assert.ok(
    checkConfinement({ ...confined, threads: early }, before).kept.includes(
      "the system calls of its API's thread are filtered",
    ),
  );
  assert.equal(isFiltered({ ...confined, threads: early }, promised), false);
  const bare = { name: "fc_api", seccomp: 0, filters: 0, noNewPrivs: false };
  for (const threads of [[], [{ name: "firecracker", ...thread }], [bare]])
    assert.throws(
      () => checkConfinement({ ...confined, threads }, before),
      (error) => isMvmError(error, "MVM_VM_CONFINEMENT"),
    );
});

describe("filters that every process of this program inherits", () => {
  const without = { ...confined, threads: confined.threads.map((each) => ({ ...each, filters: 2 })) };
  const uncounted = { ...confined, threads: confined.threads.map((each) => ({ ...each, filters: null })) };
  const under = (own: { readonly seccomp: number; readonly filters: number | null }): PromisedConfinement => ({
    ...promised,
    own: { ...promised.own, ...own },
  });

  for (const [what, sight, ours, isKept] of [
    ["are no filters of a VMM's", without, { seccomp: 2, filters: 2 }, false],
    ["hide none that it has besides", without, { seccomp: 2, filters: 1 }, true],
    ["can't be told from its own by a kernel that does not count", uncounted, { seccomp: 2, filters: null }, false],
    ["are none where there are none, counted or not", uncounted, { seccomp: 0, filters: null }, true],
    ["are taken for some when they can't be read", uncounted, { seccomp: Number.NaN, filters: null }, false],
  ] as const) {
    test(what, () => {
      assert.equal(isFiltered(sight, under(ours)), isKept);
      const check = (): unknown => checkConfinement(sight, under(ours));
      if (isKept) assert.doesNotThrow(check);
      else
        assert.throws(check, (error) => isMvmError(error, "MVM_VM_CONFINEMENT") && /system calls/.test(error.message));
    });
  }
});

test("a process is alone with the kernel's workers for its VM", () => {
  assert.ok(isAlone(confined));
  assert.ok(!isAlone({ ...confined, groupMates: [{ pid: 99, name: "jailer", isKernelThread: false }] }));
});
