/** What goes wrong on a host: each is said for what it is, and afterwards nothing is left over. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { isMvmError } from "@mvm/core";
import { ensureTestImage, firecrackerOptions, helloOf, openVmFixture, requires, type VmFixture } from "@mvm/testing";
import type { VmHandle, VmLaunch, VmmDriver } from "../driver.ts";
import { bootRequests, startRequest } from "./api/requests.ts";
import { bringUp } from "./bring-up.ts";
import { driverParts } from "./driver-parts.ts";
import { createFirecrackerDriver } from "./firecracker-driver.ts";
import { jailPaths } from "./jail/jail-paths.ts";
import { bootArtifacts } from "./jail/staging.ts";

const skip = await requires("root", "network", "volumes", "images", "device-mapper", "firecracker");
const SMALL_MIB = 32;
const GUEST_MIB = 512;

describe("Firecracker's failures", { skip }, () => {
  let fixture: VmFixture;
  let driver: VmmDriver;
  const leftovers = (launch: VmLaunch) => fixture.leftovers({ launch, key: "", address: "" });

  before(async () => {
    fixture = await openVmFixture(await ensureTestImage("minimal"), "block-device");
    driver = createFirecrackerDriver(firecrackerOptions(fixture));
  });
  after(async () => {
    driver.close();
    await fixture.close();
  });

  test("a jail left by a crash, with nodes and sockets in it, is in nobody's way", async () => {
    const { launch } = await fixture.vm();
    const { jailsDir, cgroupMount, cgroupParent } = firecrackerOptions(fixture);
    const { root } = jailPaths(jailsDir, launch.id);
    await mkdir(join(root, "dev/net"), { recursive: true });
    await mkdir(join(root, "old_root"));
    await writeFile(join(root, "firecracker.pid"), "1");
    await writeFile(join(root, "firecracker"), "an older program");
    await fixture.commands.run({ argv: ["cp", "-R", "/dev/kvm", join(root, "dev")], timeoutMs: 10_000 });
    await mkdir(join(cgroupMount, cgroupParent, launch.id), { recursive: true });
    const { handle } = await driver.launch(launch);
    await helloOf(driver, handle);
    await driver.kill(handle);
    assert.deepEqual(await leftovers(launch), []);
  });

  test("a pid that a foreign process has by now is neither adopted nor killed", async () => {
    const { launch } = await fixture.vm();
    const { handle } = await driver.launch(launch);
    await driver.kill(handle);
    const foreign = spawn("sleep", ["600"], { uid: launch.uid, gid: launch.uid });
    const gone = once(foreign, "exit");
    const { processes } = firecrackerOptions(fixture);
    const ref = await processes.find(foreign.pid ?? -1);
    assert.ok(ref !== null);
    // Even with its own start time: the same user's process, but not in the VM's group and jail.
    for (const process of [{ ...ref, startTicks: handle.process.startTicks }, ref]) {
      const reused: VmHandle = { ...handle, process };
      assert.equal(await driver.adopt(reused), null);
      await driver.kill(reused);
      await driver.sweep(launch);
      assert.equal(await processes.isAlive(ref), true, "a foreign process was killed");
    }
    foreign.kill("SIGKILL");
    await gone;
    assert.deepEqual(await leftovers(launch), []);
  });

  test("a VMM that was killed is gone, and what it left is removed", async () => {
    const { launch } = await fixture.vm();
    const { handle } = await driver.launch(launch);
    process.kill(handle.process.pid, "SIGKILL");
    assert.equal(await driver.waitGone(handle, 10_000), true);
    assert.equal(await driver.inspect(handle), "gone");
    assert.equal(await driver.adopt(handle), null);
    await assert.rejects(driver.pause(handle), (error) => isMvmError(error, "MVM_VM_DRIVER"));
    await driver.kill(handle);
    assert.deepEqual(await leftovers(launch), []);
  });

  test("a VMM whose API hangs is unresponsive, still that VM, and can be killed", async () => {
    const { launch } = await fixture.vm();
    const { handle } = await driver.launch(launch);
    process.kill(handle.process.pid, "SIGSTOP");
    assert.equal(await driver.inspect(handle), "unresponsive");
    assert.deepEqual(await driver.adopt(handle), handle);
    await driver.kill(handle);
    assert.deepEqual(await leftovers(launch), []);
  });

  test("a memory limit that is too small is said to be, when the kernel kills for it", async () => {
    const { launch } = await fixture.vm();
    const parts = driverParts(firecrackerOptions(fixture));
    const launching = bringUp(parts, {
      vm: { ...launch, memMib: SMALL_MIB },
      artifacts: bootArtifacts(launch),
      // Firecracker is told of more than its control group allows.
      make: bootRequests({ ...launch, memMib: GUEST_MIB }),
      filteredBefore: "api-thread",
      go: startRequest,
      signOfLifeTimeoutMs: launch.signOfLifeTimeoutMs,
    });
    await assert.rejects(launching, (error) => {
      return isMvmError(error, "MVM_VM_DRIVER") && error.message.includes("memory.max of its control group");
    });
    parts.logs.close();
    assert.deepEqual(await leftovers(launch), []);
  });

  test("programs that are missing make the host unusable, by name", async () => {
    const other = createFirecrackerDriver({ ...firecrackerOptions(fixture), programsDir: "/nowhere" });
    assert.match((await other.fingerprint()).unusable?.reason ?? "", /\/nowhere\/firecracker is missing/);
    const { launch } = await fixture.vm();
    await assert.rejects(other.launch(launch), (error) => isMvmError(error, "MVM_HOST_UNSUPPORTED"));
    other.close();
    assert.deepEqual(await leftovers(launch), []);
  });

  test("a jailer of another release makes the host unusable, and no VM is launched with it", async () => {
    const options = firecrackerOptions(fixture);
    const programsDir = join(fixture.nodeDir, "unlike-pair");
    await mkdir(programsDir);
    for (const program of ["firecracker", "jailer"]) {
      await copyFile(join(options.programsDir, program), join(programsDir, program));
      await chmod(join(programsDir, program), 0o755);
    }
    const { version } = await driver.fingerprint();
    const otherVersion = version.replace(/^1/, "9");
    // Static and the makers' own, as any release's: only what it says of itself is another.
    const jailer = await readFile(join(programsDir, "jailer"), "latin1");
    await writeFile(join(programsDir, "jailer"), jailer.replaceAll(version, otherVersion), "latin1");

    const other = createFirecrackerDriver({ ...options, programsDir });
    const reason = `the jailer is of release ${otherVersion}, Firecracker of ${version}`;
    assert.equal((await other.fingerprint()).unusable?.reason, reason);
    const { launch } = await fixture.vm();
    await assert.rejects(other.launch(launch), (error) => {
      return isMvmError(error, "MVM_HOST_UNSUPPORTED") && error.message.includes(reason);
    });
    other.close();
    assert.deepEqual(await leftovers(launch), []);
  });
});
