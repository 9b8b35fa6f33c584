/**
 * One sabotage per promise: a jailer that drops one thing. Each VM is refused by what was seen of its process,
 * before its guest's first instruction, and nothing of it is left.
 */
import assert from "node:assert/strict";
import { chmod, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
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
import { namespacePath } from "../../../network/network-names.ts";
import type { StartedVm, VmLaunch } from "../../driver.ts";
import { driverParts, type DriverParts } from "../driver-parts.ts";
import { createFirecrackerDriver } from "../firecracker-driver.ts";
import { jailPaths } from "../jail/jail-paths.ts";
import { resourceLimits } from "../jail/jailer-argv.ts";
import { launchVm } from "../launch.ts";
import { isStartedFor } from "../remains.ts";
import { restoreVm } from "../restore.ts";

const skip = await requires("root", "network", "volumes", "images", "device-mapper", "firecracker");
const DISK_LIMIT = { diskBytesPerSecond: 1024 * 1024 } as const;

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
  /** Whether the VMM sees the host's root directory, and so has to be told where its files lie there. */
  readonly seesHost?: true;
}

const jailer = join(firecrackerDir() ?? "", "jailer");
const firecracker = join(firecrackerDir() ?? "", "firecracker");
const run = `exec ${jailer} "$@"`;
/** Goes once over the arguments: `$prev` is the one before, `$arg` what is passed on unless it is `-`. */
const eachArgument = (change: string): string =>
  `prev=; for arg; do shift; was=$arg; ${change}; prev=$was; [ "$arg" = - ] || set -- "$@" "$arg"; done`;
const without = (option: string): string => eachArgument(`case "$prev:$arg" in *:${option}|${option}:*) arg=-;; esac`);

const unlimitedMemory: Sabotage = {
  what: "the limit of its memory",
  promise: /memory\.max is 'max'/,
  lines: ({ cgroup }) => `echo max > ${cgroup}/memory.max; ${run}`,
};

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
  unlimitedMemory,
  {
    what: "the limit of its processes",
    promise: /pids\.max is 'max'/,
    lines: ({ cgroup }) => `echo max > ${cgroup}/pids.max; ${run}`,
  },
  {
    what: "the limit of its disk",
    promise: /io\.max is '[^']* wbps=max /,
    lines: ({ cgroup }) => `read disk limits < ${cgroup}/io.max; echo "$disk wbps=max" > ${cgroup}/io.max; ${run}`,
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
    what: "the jail altogether, and nothing else",
    promise: /its jail and no other mount \([^;]*another directory/,
    seesHost: true,
    lines: ({ vm, jailsDir, cgroup, fixture }) => {
      const { dir, root, pidFile, apiSocket } = jailPaths(jailsDir, vm.id);
      const { openFiles, fileSizeBytes } = resourceLimits(vm);
      // The host's /proc tells even the first process of a pid namespace what it is on the host.
      const start = [
        `echo 0 > ${cgroup}/cgroup.procs; read pid rest < /proc/self/stat; printf %s "$pid" > ${pidFile}`,
        `exec prlimit --nofile=${openFiles} --fsize=${fileSizeBytes} \\`,
        `  setpriv --reuid ${vm.uid} --regid ${vm.uid} --clear-groups \\`,
        `  ${root}/firecracker --id ${vm.id} --api-sock ${apiSocket}`,
      ].join("\n");
      return [
        `mkdir -p ${root}/run ${root}/dev/net; chown ${vm.uid} ${root}/run`,
        `install -m 0755 ${firecracker} ${root}/firecracker`,
        `chmod o+x ${[fixture.nodeDir, jailsDir, dirname(dir), dir, root].join(" ")}`,
        `nsenter --net=${namespacePath(vm.network.namespace)} unshare --mount --pid --fork \\`,
        `  sh -c '${start}' < /dev/null > /dev/null 2>&1 &`,
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

  /** Starts a VM under a jailer that was tampered with; it must be refused. @returns what its VMM was asked */
  async function askedOfRefused(
    { promise, lines, seesHost }: Sabotage,
    vm: VmLaunch,
    start: (parts: DriverParts) => Promise<StartedVm>,
  ): Promise<readonly string[]> {
    const options = firecrackerOptions(fixture);
    const { root } = jailPaths(options.jailsDir, vm.id);
    const asked: string[] = [];
    const parts = driverParts({
      ...options,
      http: {
        exchange: (request) => {
          asked.push(`${request.method} ${request.path}`);
          return options.http.exchange(seesHost === true ? { ...request, body: onHost(request.body, root) } : request);
        },
      },
    });
    const { cgroups, jailsDir } = parts;
    const cgroup = join(cgroups.mount, cgroups.parent, vm.id);
    const wrapper = join(fixture.nodeDir, `jailer-${vm.uid}`);
    await writeFile(wrapper, `#!/bin/sh\nset -eu\n${lines({ vm, fixture, jailsDir, cgroup })}\n`);
    await chmod(wrapper, 0o755);
    try {
      await assert.rejects(start({ ...parts, programs: { ...parts.programs, jailer: wrapper } }), (error) => {
        assert.ok(isMvmError(error), String(error));
        assert.equal(error.code, "MVM_VM_CONFINEMENT", `${error.message} ${JSON.stringify(error.details)}`);
        assert.match(error.message, promise);
        return true;
      });
      assert.deepEqual(await fixture.leftovers({ launch: vm, key: "", address: "" }), []);
      assert.deepEqual(await processesOf(vm.id), []);
      return asked;
    } finally {
      parts.logs.close();
      parts.streams.close();
    }
  }

  for (const sabotage of sabotages) {
    test(sabotage.what, async () => {
      const { launch: vm } = await fixture.vm({ memMib: 128, limits: DISK_LIMIT });
      try {
        const asked = await askedOfRefused(sabotage, vm, (parts) => launchVm(parts, vm));
        assert.ok(asked.includes("PUT /vsock"), "the VM was made");
        assert.ok(!asked.includes("PUT /actions"), "the guest was never let go");
      } finally {
        const extra = ["ip", "netns", "delete", `${vm.network.namespace}-x`] as const;
        if (sabotage.what === "the network namespace") await fixture.commands.run({ argv: extra, timeoutMs: 10_000 });
      }
    });
  }

  test("a limit when a VM is restored", async () => {
    const { launch: vm } = await fixture.vm({ memMib: 256 });
    const driver = createFirecrackerDriver(firecrackerOptions(fixture));
    const { handle } = await driver.launch(vm);
    await driver.pause(handle);
    const snapshot = await driver.snapshot(handle, { dir: await fixture.snapshotDir() });
    await driver.kill(handle);
    driver.close();
    const asked = await askedOfRefused(unlimitedMemory, vm, (parts) =>
      restoreVm(parts, { ...vm, snapshot }, snapshot.vmm_version),
    );
    assert.ok(asked.includes("PUT /snapshot/load"), "the VM was loaded");
    assert.ok(!asked.includes("PATCH /vm"), "the guest was never let go");
  });
});

/** A request's body for a VMM that sees the host's root directory: with the paths of its files there. */
function onHost(body: unknown, root: string): unknown {
  if (body === undefined) return undefined;
  const text = JSON.stringify(body).replaceAll(/"(\w*path\w*)":"\//g, `"$1":"${root}/`);
  return JSON.parse(text) as unknown;
}
