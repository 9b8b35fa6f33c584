/** The way from nothing to a running VM over a host in memory: what fails on it leaves nothing behind. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { InstanceId, isMvmError } from "@mvm/core";
import { openFakeJailHost, type FakeJailHost, type JailHostFlaws } from "@mvm/testing";
import type { StartedVm, VmLaunch, VmRestore } from "../driver.ts";
import { driverParts, type DriverParts } from "./driver-parts.ts";
import { jailPaths } from "./jail/jail-paths.ts";
import { launchVm } from "./launch.ts";
import { clearRemains } from "./remains.ts";
import { restoreVm } from "./restore.ts";

const MIB = 1024 * 1024;
const MEM_MIB = 1;
const VERSION = "1.15.1";
/** More calls than a launch makes. */
const MAX_CALLS = 1_000;

const launch: VmLaunch = {
  id: InstanceId.parse("acme-gw-0"),
  kernelPath: "/images/bzImage",
  vmlinuxPath: "/images/vmlinux",
  initrdPath: "/images/initrd",
  kernelArgs: [],
  drives: [
    { name: "rootfs", path: "/images/rootfs", readOnly: true },
    { name: "data", path: "/dev/mapper/acme-gw-0", readOnly: false },
    { name: "secrets", path: "/tmpfs/secrets.img", readOnly: true },
    { name: "config", path: "/instances/config.img", readOnly: true },
  ],
  network: { namespace: "acme", tap: "tap0", mac: "02:00:00:00:00:01" },
  vcpus: 1,
  memMib: MEM_MIB,
  uid: 200_007,
  stateDir: "/instances",
  runDir: "/run/acme-gw-0",
  signOfLifeTimeoutMs: 10_000,
};
const restore: VmRestore = {
  ...launch,
  snapshot: {
    driver: "firecracker",
    vmm_version: VERSION,
    acceleration: "kvm",
    kind: "full",
    memory_path: "/instances/memory",
    state_path: "/instances/state",
    memory_bytes: MEM_MIB * MIB,
  },
};

const ways: Readonly<Record<string, (parts: DriverParts) => Promise<StartedVm>>> = {
  "a launch": (parts) => launchVm(parts, launch),
  "a restore": (parts) => restoreVm(parts, restore, VERSION),
};

async function openHost(flaws: JailHostFlaws = {}): Promise<FakeJailHost> {
  const host = await openFakeJailHost(flaws);
  for (const path of [launch.vmlinuxPath, launch.initrdPath, "/images/rootfs", "/run/netns/acme"])
    await host.place(path);
  for (const path of ["/tmpfs/secrets.img", "/instances/config.img", "/instances/state"])
    await host.place(path, { mode: 0o600 });
  await host.place("/instances/memory", { mode: 0o600, text: "x".repeat(MEM_MIB * MIB) });
  await host.place("/dev/mapper/acme-gw-0", { disk: (253 << 8) | 1 });
  return host;
}

/** When which calls of the ports fail. */
interface Fault {
  readonly call: number;
  /** Whether what was asked is done all the same. */
  readonly moment: "before" | "after";
  readonly isForGood: boolean;
}

/** A call of the host that failed, by its number. */
class BrokenCall extends Error {
  readonly call: number;
  constructor(call: number) {
    super(`call ${call} of the host failed`);
    this.call = call;
  }
}

/** The first error of a chain of causes. */
function origin(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? origin(error.cause) : error;
}

/** The same ports, counting their calls, of which some fail. */
function failing(host: FakeJailHost, fault: Fault): { readonly parts: DriverParts; readonly calls: () => number } {
  let calls = 0;
  const counted = <Port extends object>(port: Port): Port =>
    new Proxy(port, {
      get(target, name) {
        const method: unknown = Reflect.get(target, name, target);
        if (typeof method !== "function") return method;
        return async (...args: readonly unknown[]): Promise<unknown> => {
          calls += 1;
          const isHit = fault.isForGood ? calls >= fault.call : calls === fault.call;
          const broken = new BrokenCall(calls);
          if (isHit && fault.moment === "before") throw broken;
          const answer: unknown = await Reflect.apply(method, target, args);
          if (isHit) throw broken;
          return answer;
        };
      },
    });
  const ports = host.ports();
  const { commands, files, http, pipes, processes, raw, sockets } = ports;
  const parts = driverParts({
    ...ports,
    commands: counted(commands),
    files: counted(files),
    http: counted(http),
    pipes: counted(pipes),
    processes: counted(processes),
    raw: counted(raw),
    sockets: counted(sockets),
  });
  return { parts, calls: () => calls };
}

/** What keeps a failed launch from being taken back, and what is told of it. */
const hindrances: Readonly<
  Record<string, { readonly words: RegExp; readonly parts: (host: FakeJailHost) => DriverParts }>
> = {
  "its process does not die": {
    words: /not confined.*; taking the VM back failed, too: the VMM's process 4711 does not die$/,
    parts(host) {
      const ports = host.ports();
      return driverParts({ ...ports, processes: { ...ports.processes, signal: async () => true } });
    },
  },
  "its directory can't be removed": {
    words: /not confined.*; taking the VM back failed, too: it is in use$/,
    parts(host) {
      const { dir } = jailPaths("/jails", launch.id);
      const remove = host.files.remove.bind(host.files);
      host.files.remove = async (path) => {
        if (path === dir && (await host.files.stat(dir)) !== null) throw new Error("it is in use");
        await remove(path);
      };
      return driverParts(host.ports());
    },
  },
};

for (const [what, start] of Object.entries(ways)) {
  describe(what, () => {
    test("runs, keeps every promise, and leaves no path to its secrets' loop device in the jail", async () => {
      const host = await openHost();
      const { confinement } = await start(driverParts(host.ports()));
      assert.deepEqual(confinement.missing, []);
      assert.ok(host.isAlive);
      assert.deepEqual(await host.loopNodes(), []);
    });

    for (const moment of ["before", "after"] as const) {
      test(`leaves nothing and tells why, whichever call of the host fails, ${moment} it did what was asked`, async () => {
        for (let call = 1; call < MAX_CALLS; call += 1) {
          const host = await openHost();
          const { parts, calls } = failing(host, { call, moment, isForGood: false });
          const error = await start(parts).then(() => null, origin);
          if (error !== null) {
            assert.deepEqual(error, new BrokenCall(call));
            assert.deepEqual(host.leftovers(launch.id), [], `call ${call}`);
          }
          if (calls() < call) return;
        }
        assert.fail("it never came to an end");
      });
    }

    test("tells the first failure and is cleared away by a later sweep when from some call on every one fails", async () => {
      for (let call = 1; call < MAX_CALLS; call += 1) {
        const host = await openHost();
        const { parts, calls } = failing(host, { call, moment: "after", isForGood: true });
        const error = await start(parts).then(() => null, origin);
        if (calls() < call) return;
        assert.ok(error instanceof BrokenCall);
        // A connection that nobody takes yet is tried again; all else ends the launch at once.
        assert.ok(error.call <= call + 1, `call ${call} was the first to fail, and told is ${error.call}`);
        await clearRemains(driverParts(host.ports()), launch);
        assert.deepEqual(host.leftovers(launch.id), [], `call ${call}`);
      }
      assert.fail("it never came to an end");
    });

    test("of a process in nobody's group and root's is ended by its pid", async () => {
      const host = await openHost({ leavesUnconfined: true });
      await assert.rejects(start(driverParts(host.ports())), (error) => isMvmError(error, "MVM_VM_CONFINEMENT"));
      assert.deepEqual(host.leftovers(launch.id), []);
    });

    for (const [hindrance, { words, parts }] of Object.entries(hindrances)) {
      test(`that is not confined is told as that, also when ${hindrance}`, async () => {
        const host = await openHost({ leavesUnconfined: true });
        await assert.rejects(start(parts(host)), (error) => {
          assert.ok(isMvmError(error, "MVM_VM_CONFINEMENT"), String(error));
          assert.equal(error.retry, "never");
          assert.match(error.message, words);
          return Array.isArray(error.details["broken"]);
        });
      });
    }
  });
}

/** A guest that never takes a connection. */
const silent = (host: FakeJailHost): DriverParts => {
  const ports = host.ports();
  const connect = (): Promise<never> => Promise.reject(new Error("nobody listens"));
  return driverParts({ ...ports, sockets: { ...ports.sockets, connect } });
};

test("a launch whose guest shows no life is hung; a restore awaits none", async () => {
  const host = await openHost();
  await assert.rejects(launchVm(silent(host), launch), (error) => isMvmError(error, "MVM_VM_BOOT_HUNG"));
  assert.deepEqual(host.leftovers(launch.id), []);
  await restoreVm(silent(host), restore, VERSION);
  assert.ok(host.isAlive);
});

test("a restore takes the place of one that was cut short and still holds the memory", async () => {
  const host = await openHost();
  await restoreVm(driverParts(host.ports()), restore, VERSION);
  assert.equal((await host.files.stat(restore.snapshot.memory_path))?.links, 2);
  await restoreVm(driverParts(host.ports()), restore, VERSION);
  assert.ok(host.isAlive);
});

test("a failure says whose it is", async () => {
  const host = await openHost();
  await host.files.remove("/images/rootfs");
  await assert.rejects(launchVm(driverParts(host.ports()), launch), (error) => {
    return (
      isMvmError(error, "MVM_VM_DRIVER") &&
      error.details["instance"] === launch.id &&
      error.message.startsWith("acme-gw-0: ")
    );
  });
});

const isBare = (error: unknown): boolean =>
  isMvmError(error, "MVM_VM_CONFINEMENT") && /system calls of each.*fc_vcpu 0/.test(error.message);

test("a guest that runs on a thread without a filter is ended by the second look", async () => {
  const host = await openHost({ bareThread: "fc_vcpu 0" });
  await assert.rejects(launchVm(driverParts(host.ports()), launch), isBare);
  assert.ok(host.asked.includes("PUT /actions"), "the first look saw nothing");
  assert.deepEqual(host.leftovers(launch.id), []);
});

test("a restored guest never goes on over a thread without a filter", async () => {
  const host = await openHost({ bareThread: "fc_vcpu 0" });
  await assert.rejects(restoreVm(driverParts(host.ports()), restore, VERSION), isBare);
  assert.ok(host.asked.includes("PUT /snapshot/load"));
  assert.ok(!host.asked.includes("PATCH /vm"), "it was let run");
  assert.deepEqual(host.leftovers(launch.id), []);
});
