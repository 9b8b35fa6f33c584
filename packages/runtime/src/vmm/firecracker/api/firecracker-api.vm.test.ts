/**
 * The requests of a boot against Firecracker's own API server, up to InstanceStart: every body is accepted,
 * and what comes back is understood. Needs no KVM: without it InstanceStart is refused with a reason.
 */
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { InstanceId, isMvmError, nodeClock, nodeFiles } from "@mvm/core";
import { ensureTestImage, firecrackerDir, requires } from "@mvm/testing";
import { createLinuxCommands } from "../../../host/commands.ts";
import { createUnixHttp } from "../../../host/unix-http.ts";
import type { VmLaunch } from "../../driver.ts";
import { firecrackerApi, type FirecrackerApi } from "./client.ts";
import { bootRequests, pauseRequest, saveRequest, startRequest } from "./requests.ts";
import { lookAtHost } from "../suitability/fingerprint.ts";

const skip = await requires("root", "network", "images", "firecracker-programs");
const COMMAND_TIMEOUT_MS = 30_000;
const NAMESPACE = `mvmta-${process.pid}`;
const commands = createLinuxCommands();
const ip = (...args: readonly string[]) => commands.run({ argv: ["ip", ...args], timeoutMs: COMMAND_TIMEOUT_MS });

describe("Firecracker's own API", { skip }, () => {
  let root = "";
  let firecracker: ChildProcess;
  let api: FirecrackerApi;
  let vm: VmLaunch;

  before(async () => {
    root = await mkdtemp(join(tmpdir(), "mvm-fc-"));
    const image = await ensureTestImage("minimal");
    const program = join(firecrackerDir() ?? "", "firecracker");
    vm = launchOf();
    await mkdir(join(root, "run"));
    await cp(program, join(root, "firecracker"));
    await cp(image.vmlinux, join(root, "kernel"));
    await cp(image.initrd, join(root, "initrd"));
    for (const { name } of vm.drives) await writeFile(join(root, name), Buffer.alloc(1024 * 1024));
    await ip("netns", "add", NAMESPACE);
    await ip("-n", NAMESPACE, "tuntap", "add", "dev", vm.network.tap, "mode", "tap");
    await mkdir(join(root, "dev/net"), { recursive: true });
    await commands.run({ argv: ["cp", "-R", "/dev/net/tun", join(root, "dev/net")], timeoutMs: COMMAND_TIMEOUT_MS });
    const inJail = ["chroot", root, "/firecracker", "--id", vm.id, "--api-sock", "/run/api.sock"];
    firecracker = spawn("nsenter", [`--net=/run/netns/${NAMESPACE}`, ...inJail], { stdio: "ignore" });
    api = firecrackerApi(createUnixHttp(), nodeClock, join(root, "run/api.sock"));
    await api.ready({ isOver: () => Promise.resolve(firecracker.exitCode !== null) });
  });
  after(async () => {
    const gone = once(firecracker, "exit");
    firecracker.kill("SIGKILL");
    await gone;
    await ip("netns", "delete", NAMESPACE);
    await rm(root, { recursive: true, force: true });
  });

  test("it says what it is: a version of the table, with its jailer", async () => {
    const directory = firecrackerDir() ?? "";
    const programs = { firecracker: join(directory, "firecracker"), jailer: join(directory, "jailer") };
    const place = { mount: "/sys/fs/cgroup", parent: "mvmtest.slice" };
    const { version } = await lookAtHost({ commands, files: nodeFiles }, { cgroups: place, programs });
    assert.equal((await api.info()).vmm_version, version);
    assert.deepEqual([(await api.info()).id, (await api.info()).state], [vm.id, "Not started"]);
  });

  test("every request of a boot is accepted", async () => {
    for (const request of bootRequests(vm)) await api.send(request);
  });

  test("what can't be now is refused with a reason", async () => {
    for (const request of [pauseRequest, saveRequest])
      await assert.rejects(
        api.send(request),
        (error) => isMvmError(error, "MVM_VM_DRIVER") && /refused/.test(error.message),
      );
    const unknown = {
      method: "PUT",
      path: "/machine-config",
      body: { vcpu_count: 1, mem_size_mib: 128, vcpus: 1 },
    } as const;
    await assert.rejects(
      api.send(unknown),
      (error) => isMvmError(error, "MVM_VM_DRIVER") && /unknown field/.test(error.message),
    );
  });

  test("without KVM the start is refused, and Firecracker is still there to say so", async () => {
    // The chroot holds no /dev/kvm, whatever the host has.
    await assert.rejects(
      api.send(startRequest),
      (error) => isMvmError(error, "MVM_VM_DRIVER") && /KVM/i.test(error.message),
    );
    assert.equal((await api.info()).state, "Not started");
  });
});

function launchOf(): VmLaunch {
  return {
    id: InstanceId.parse("test-fc-0"),
    kernelPath: "/unused",
    vmlinuxPath: "/unused",
    initrdPath: "/unused",
    kernelArgs: ["mvm.volume=0b7e,0"],
    drives: [
      { name: "rootfs", path: "/unused", readOnly: true },
      { name: "data", path: "/unused", readOnly: false },
      { name: "secrets", path: "/unused", readOnly: true },
      { name: "config", path: "/unused", readOnly: true },
    ],
    network: { namespace: NAMESPACE, tap: "tap0", mac: "02:00:00:00:00:01" },
    vcpus: 2,
    memMib: 256,
    uid: 300_001,
    limits: { diskBytesPerSecond: 10_000_000, diskOpsPerSecond: 1_000, netBytesPerSecond: 1_000_000 },
    stateDir: "/unused",
    runDir: "/unused",
    signOfLifeTimeoutMs: 1_000,
  };
}
