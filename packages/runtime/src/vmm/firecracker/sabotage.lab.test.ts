/**
 * One sabotage per promise: a jailer that drops one thing. Each VM is refused by what was seen of its process,
 * before its guest's first instruction, and nothing of it is left.
 */
import assert from "node:assert/strict";
import { chmod, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { isMvmError } from "@mvm/core";
import {
  ensureTestImage,
  firecrackerDir,
  firecrackerOptions,
  openVmFixture,
  requires,
  type VmFixture,
} from "@mvm/testing";
import type { VmLaunch } from "../driver.ts";
import { driverParts } from "./driver-parts.ts";
import { jailPaths } from "./jail-paths.ts";
import { launchVm } from "./launch.ts";
import { isStartedFor } from "./remains.ts";

const skip = await requires("root", "network", "volumes", "images", "device-mapper", "firecracker");

interface Place {
  readonly vm: VmLaunch;
  readonly fixture: VmFixture;
  readonly jailsDir: string;
  readonly cgroup: string;
}

interface Sabotage {
  readonly what: string;
  readonly promise: RegExp;
  /** Shell lines that end in the jailer; its arguments are `"$@"`. */
  readonly lines: (place: Place) => string;
}

const jailer = join(firecrackerDir() ?? "", "jailer");
const run = `exec ${jailer} "$@"`;
/** Goes once over the arguments: `$prev` is the one before, `$arg` what is passed on unless it is `-`. */
const eachArgument = (change: string): string =>
  `prev=; for arg; do shift; was=$arg; ${change}; prev=$was; [ "$arg" = - ] || set -- "$@" "$arg"; done`;
const without = (option: string): string => eachArgument(`case "$prev:$arg" in *:${option}|${option}:*) arg=-;; esac`);

const sabotages: readonly Sabotage[] = [
  {
    what: "the uid",
    promise: /runs as uid and gid/,
    lines: () => `${eachArgument('case "$prev" in --uid|--gid) arg=0;; esac')}; ${run}`,
  },
  {
    what: "the gid",
    promise: /runs as uid and gid/,
    lines: ({ vm, jailsDir }) => {
      const { root, log } = jailPaths(jailsDir, vm.id);
      // Without its group it could open nothing of its own, and would end by itself. The image's files are all VMs'.
      const opened = `chmod o+rw ${log} ${root}/data; chmod o+r ${root}/config ${root}/secrets`;
      return `${opened}; ${eachArgument('case "$prev" in --gid) arg=0;; esac')}; ${run}`;
    },
  },
  {
    what: "the control group",
    promise: /control group/,
    lines: () => `${eachArgument('case "$prev" in --parent-cgroup) arg=mvmtest-none;; esac')}; ${run}`,
  },
  {
    what: "the uid and the control group, so that neither finds the process",
    promise: /runs as uid and gid.*control group/,
    lines: () =>
      `${eachArgument('case "$prev" in --uid|--gid) arg=0;; --parent-cgroup) arg=mvmtest-none;; esac')}; ${run}`,
  },
  {
    what: "a limit of the control group",
    promise: /memory\.max is 'max'/,
    lines: ({ cgroup }) => `echo max > ${cgroup}/memory.max; ${run}`,
  },
  { what: "the resource limits", promise: /opens at most/, lines: () => `${without("--resource-limit")}; ${run}` },
  {
    what: "the jail's directory",
    promise: /its jail/,
    lines: ({ vm, jailsDir }) => {
      const { root } = jailPaths(jailsDir, vm.id);
      const elsewhere = jailPaths(`${jailsDir}/elsewhere`, vm.id);
      const change = `case "$prev" in --chroot-base-dir) arg=${jailsDir}/elsewhere;; esac`;
      // The driver's own paths lead there: only the look can tell.
      return [
        `mkdir -p ${elsewhere.dir}; cp -a ${root} ${elsewhere.dir}/`,
        eachArgument(change),
        `${jailer} "$@"`,
        `mkdir -p ${root}/run ${root}/dev/net`,
        `ln -s ${elsewhere.apiSocket} ${root}/run/api.sock; ln -s ${elsewhere.pidFile} ${root}/firecracker.pid`,
      ].join("\n");
    },
  },
  {
    what: "the network namespace",
    promise: /network namespace/,
    lines: ({ vm }) => {
      const tap = `tuntap add dev ${vm.network.tap} mode tap user ${vm.uid}`;
      const change = `case "$prev" in --netns) arg=/run/netns/${vm.network.namespace}-x;; esac`;
      return `ip netns add ${vm.network.namespace}-x; ip -n ${vm.network.namespace}-x ${tap}\n${eachArgument(change)}; ${run}`;
    },
  },
  {
    what: "the pid namespace",
    promise: /pid namespace/,
    lines: () => `${eachArgument('case "$arg" in --new-pid-ns) arg=-;; esac')}; ${run}`,
  },
  { what: "the system call filter", promise: /system calls/, lines: () => `set -- "$@" --no-seccomp; ${run}` },
  {
    what: "a descriptor of the host",
    promise: /nothing open but.*0: /,
    lines: () => `${eachArgument('case "$arg" in --daemonize) arg=-;; esac')}; ${run} < /etc/shadow > /dev/null 2>&1`,
  },
];

/** Jailers and VMMs of that VM, whoever and wherever they are. */
async function processesOf(id: string): Promise<readonly string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const argvs = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
  return pids.filter((_, index) => isStartedFor(argvs[index]?.split("\0") ?? [], id));
}

describe("a jailer that drops", { skip }, () => {
  let fixture: VmFixture;

  before(async () => {
    fixture = await openVmFixture(await ensureTestImage("minimal"), "block-device");
  });
  after(() => fixture.close());

  for (const { what, promise, lines } of sabotages) {
    test(what, async () => {
      const options = firecrackerOptions(fixture);
      const asked: string[] = [];
      const parts = driverParts({
        ...options,
        http: {
          exchange: (request) => {
            asked.push(request.path);
            return options.http.exchange(request);
          },
        },
      });
      const { launch: vm } = await fixture.vm({ memMib: 128 });
      const { cgroups, jailsDir } = parts;
      const cgroup = join(cgroups.mount, cgroups.parent, vm.id);
      const wrapper = join(fixture.nodeDir, `jailer-${vm.uid}`);
      await writeFile(wrapper, `#!/bin/sh\nset -eu\n${lines({ vm, fixture, jailsDir, cgroup })}\n`);
      await chmod(wrapper, 0o755);
      try {
        const launching = launchVm({ ...parts, programs: { ...parts.programs, jailer: wrapper } }, vm);
        await assert.rejects(launching, (error) => {
          assert.ok(isMvmError(error), String(error));
          assert.equal(error.code, "MVM_VM_CONFINEMENT", `${error.message} ${JSON.stringify(error.details)}`);
          assert.match(error.message, promise);
          return true;
        });
        assert.ok(asked.includes("/vsock"), "the VM was made");
        assert.ok(!asked.includes("/actions"), "the guest was never let go");
        assert.deepEqual(await fixture.leftovers({ launch: vm, key: "", address: "" }), []);
        assert.deepEqual(await processesOf(vm.id), []);
      } finally {
        parts.logs.close();
        parts.streams.close();
        const extra = ["ip", "netns", "delete", `${vm.network.namespace}-x`] as const;
        if (what === "the network namespace") await fixture.commands.run({ argv: extra, timeoutMs: 10_000 });
      }
    });
  }
});
