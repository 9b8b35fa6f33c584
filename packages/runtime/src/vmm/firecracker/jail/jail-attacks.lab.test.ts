/**
 * A process of the VM's uid in its jail, as a guest that broke out of its VMM would be: same root directory,
 * same namespaces, same control group. What it tries is denied or limited.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, copyFile, link, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { isMvmError, nodeClock } from "@mvm/core";
import {
  ensureTestImage,
  firecrackerOptions,
  openVmFixture,
  requires,
  type TestVm,
  type VmFixture,
} from "@mvm/testing";
import type { VmHandle, VmmDriver } from "../../driver.ts";
import { createFirecrackerDriver } from "../firecracker-driver.ts";
import { jailPaths } from "./jail-paths.ts";

const skip = await requires("root", "network", "volumes", "images", "device-mapper", "firecracker");
const MIB = 1024 * 1024;
const BUSYBOX = "/bin/busybox";
const LIMITS = { cpuPercent: 50, diskBytesPerSecond: MIB } as const;
const SHELL_TIMEOUT_MS = 120_000;

/** The opened volume that its guest's data lies on. */
function diskOf({ launch }: TestVm): string {
  return launch.drives.find(({ name }) => name === "data")?.path ?? "";
}

/** Major and minor number of that device: small ones, as the kernel packs them. */
async function diskNumbers(vm: TestVm): Promise<readonly [major: number, minor: number]> {
  const { rdev } = await stat(diskOf(vm));
  return [rdev >> 8, rdev & 0xff];
}

describe("a process that broke out of its VMM", { skip }, () => {
  let fixture: VmFixture;
  let driver: VmmDriver;
  let own: { readonly vm: TestVm; readonly handle: VmHandle };
  let other: { readonly vm: TestVm; readonly handle: VmHandle };
  const cgroupOf = ({ launch }: TestVm): string => {
    const { cgroupMount, cgroupParent } = firecrackerOptions(fixture);
    return join(cgroupMount, cgroupParent, launch.id);
  };
  const rootOf = ({ launch }: TestVm): string => jailPaths(firecrackerOptions(fixture).jailsDir, launch.id).root;

  before(async () => {
    fixture = await openVmFixture(await ensureTestImage("minimal"), "block-device");
    driver = createFirecrackerDriver(firecrackerOptions(fixture));
    const boot = async () => {
      const vm = await fixture.vm({ memMib: 256, limits: LIMITS });
      return { vm, handle: (await driver.launch(vm.launch)).handle };
    };
    own = await boot();
    other = await boot();
    // Its only tool: the jail holds no program but the VMM's.
    const root = rootOf(own.vm);
    await copyFile(BUSYBOX, join(fixture.nodeDir, "busybox"));
    await chmod(join(fixture.nodeDir, "busybox"), 0o755);
    await link(join(fixture.nodeDir, "busybox"), join(root, "busybox"));
  });
  after(async () => {
    for (const { handle } of [own, other]) await driver.kill(handle);
    driver.close();
    await fixture.close();
  });

  /** Runs shell lines in the jail; standard output and error, and whether they ended well. */
  async function inJail(lines: string): Promise<{ readonly ok: boolean; readonly text: string }> {
    const { handle, vm } = own;
    const enter = join(fixture.nodeDir, "enter");
    const id = String(vm.launch.uid);
    const nsenter = `nsenter --target ${handle.process.pid} --mount --pid --net --root --wd --setuid ${id} --setgid ${id}`;
    await writeFile(
      enter,
      `#!/bin/sh\necho $$ > ${cgroupOf(vm)}/cgroup.procs\nexec ${nsenter} /busybox sh -c "$1" 2>&1\n`,
    );
    await chmod(enter, 0o755);
    const okCodes = Array.from({ length: 256 }, (_, code) => code);
    const request = { argv: [enter, lines] as const, timeoutMs: SHELL_TIMEOUT_MS, okCodes };
    const { code, stdout } = await fixture.commands.run(request);
    return { ok: code === 0, text: stdout };
  }

  test("it is who and where it is said to be", async () => {
    const { text } = await inJail("/busybox id; /busybox ls /; /busybox pwd");
    assert.match(text, new RegExp(`uid=${own.vm.launch.uid} gid=${own.vm.launch.uid}\n`));
    assert.match(text, /rootfs/);
  });

  const denied = /: Permission denied$/m;
  const notAllowed = /: Operation not permitted$/m;
  const notThere = /: No such file or directory$/m;
  const nobody = /: No such process$/m;
  for (const [what, lines, reason] of [
    ["reads a file of the host that is everybody's", () => "/busybox cat /etc/passwd", notThere],
    ["writes where everybody on the host may", () => "/busybox touch /tmp/x", notThere],
    ["looks into its own jail from outside", () => `/busybox ls ${rootOf(own.vm)}`, notThere],
    ["looks into another VM's jail", () => `/busybox ls ${rootOf(other.vm)}`, notThere],
    ["opens another VM's disk", () => `/busybox head -c 1 ${diskOf(other.vm)}`, notThere],
    ["reads /proc of others", () => "/busybox ls /proc/1", notThere],
    ["signals the agent", () => `kill -0 ${process.pid}`, nobody],
    ["signals another VM", () => `kill -0 ${other.handle.process.pid}`, nobody],
    ["mounts /proc", () => "/busybox mount -t proc proc /run", /: permission denied \(are you root\?\)$/m],
    ["makes a file in its root directory", () => "/busybox touch /x", denied],
    ["makes a file where its sockets are", () => "/busybox touch /run/x", denied],
    ["fills the host's disk beside its device nodes", () => "/busybox touch /dev/x", denied],
    ["writes the shared image", () => "echo x >> /rootfs", denied],
    ["writes its configuration", () => "echo x >> /config", denied],
    ["puts a file where its secrets were", () => "echo x >> /secrets", denied],
    ["changes an artifact's mode", () => "/busybox chmod 0777 /config", notAllowed],
    ["becomes root", () => "/busybox su -c true", /: must be suid to work properly$/m],
    ["leaves its root directory", () => "/busybox chroot / /busybox true", notAllowed],
    ["gives itself a network", () => "/busybox ip link add x type dummy", notAllowed],
  ] as const) {
    test(`${what}: denied`, async () => {
      const { ok, text } = await inJail(lines());
      assert.equal(ok, false, text);
      assert.match(text, reason);
    });
  }

  test("above its root directory there is nothing but that", async () => {
    const [{ text: above }, { text: root }] = [await inJail("/busybox ls /../../.."), await inJail("/busybox ls /")];
    assert.equal(above, root);
  });

  test("it can't signal a process of its own user outside of its pid namespace", async () => {
    const { uid } = own.vm.launch;
    const outside = spawn("sleep", ["600"], { uid, gid: uid });
    const gone = once(outside, "exit");
    try {
      const { ok, text } = await inJail(`kill -9 ${outside.pid ?? -1}`);
      assert.equal(ok, false, text);
      assert.match(text, nobody);
      assert.equal(outside.signalCode, null);
    } finally {
      outside.kill("SIGKILL");
      await gone;
    }
  });

  test("of disks it has its own alone, and it makes no node of another VM's", async () => {
    // No loop device either, which may be another VM's by now.
    assert.equal((await inJail("/busybox find / -type b")).text, "/data\n");
    const { text } = await inJail("/busybox stat -c '%t %T' /data");
    const found = text
      .trim()
      .split(" ")
      .map((number) => Number.parseInt(number, 16));
    assert.deepEqual(found, await diskNumbers(own.vm));

    const [major, minor] = await diskNumbers(other.vm);
    assert.notDeepEqual(found, [major, minor]);
    for (const directory of ["/", "/run", "/dev", "/dev/net"]) {
      const { ok, text: answer } = await inJail(`/busybox mknod ${directory}/disk b ${major} ${minor}`);
      assert.equal(ok, false);
      assert.match(answer, denied);
    }
  });

  test("it sees no socket of the host, by path or by name", async () => {
    const { text } = await inJail("/busybox find / -type s");
    assert.deepEqual(text.trim().split("\n").sort(), ["/run/api.sock", "/run/guest.sock"]);
    assert.doesNotMatch(await readFile(`/proc/${own.handle.process.pid}/net/unix`, "utf8"), /systemd|mvm/);
  });

  test("it makes no more processes than its control group takes", async () => {
    const { text } = await inJail("for i in 1 2 3 4 5 6 7 8 9 10 11 12; do /busybox sleep 5 & done; wait");
    assert.match(text, /can't fork|Resource temporarily unavailable/);
  });

  test("it takes no more processor time than its limit", async () => {
    const usage = async () =>
      Number(/usage_usec (\d+)/.exec(await readFile(join(cgroupOf(own.vm), "cpu.stat"), "utf8"))?.[1]);
    const [usedBefore, startedAt] = [await usage(), nodeClock.monotonicMs()];
    const busy = await inJail(`/busybox awk 'BEGIN { end = systime() + 6; while (systime() < end); print "ended" }'`);
    assert.match(busy.text, /ended/);
    const share = ((await usage()) - usedBefore) / 1000 / (nodeClock.monotonicMs() - startedAt);
    const limit = LIMITS.cpuPercent / 100;
    assert.ok(share > limit / 2 && share < limit * 1.15, `${share} processors`);
  });

  test("it writes to its disk no faster than its limit", async () => {
    const startedAt = nodeClock.monotonicMs();
    const { ok, text } = await inJail("/busybox dd if=/rootfs of=/data bs=65536 count=64 conv=fsync");
    assert.ok(ok, text);
    assert.ok(nodeClock.monotonicMs() - startedAt > 2_500, "4 MiB took less than 2.5 s at 1 MiB a second");
  });

  test("it takes no more memory than its limit: its own VM is killed, and no other", async () => {
    const eater = inJail(`/busybox awk 'BEGIN { s = "x"; while (1) s = s s }'`);
    await assert.rejects(eater, (error) => isMvmError(error) && error.details["signal"] === "SIGKILL");
    assert.equal(await driver.waitGone(own.handle, 30_000), true);
    assert.match(await readFile(join(cgroupOf(own.vm), "memory.events"), "utf8"), /oom_group_kill [1-9]/);
    assert.equal(await driver.inspect(other.handle), "running");
  });
});
