/**
 * What is QEMU's own about a snapshot: it shares the memory of the VM that was saved. Nothing may
 * write there in between, and a restore that QEMU refuses in the last moment gives it back.
 */
import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { isMvmError, nodeClock, nodeFiles } from "@mvm/core";
import { ensureTestImage, helloOf, openVmFixture, requires, type VmFixture } from "@mvm/testing";
import { createLinuxCommands } from "../../../host/commands.ts";
import { createLinuxProcesses } from "../../../host/processes.ts";
import { createUnixSockets } from "../../../host/unix-sockets.ts";
import type { VmmDriver } from "../../driver.ts";
import { createQemuDriver } from "../qemu-driver.ts";
import { vmPaths } from "../vm-paths.ts";

const skip = await requires("root", "network", "volumes", "qemu", "images");
/** What a VMM wrote late would be there by then. */
const SETTLE_MS = 300;

describe("memory shared with a snapshot", { skip }, () => {
  let fixture: VmFixture;
  let driver: VmmDriver;
  const isRefused = (error: unknown): boolean => isMvmError(error, "MVM_VM_DRIVER");

  before(async () => {
    fixture = await openVmFixture(await ensureTestImage("minimal"));
    driver = createQemuDriver({
      commands: createLinuxCommands(),
      processes: createLinuxProcesses(),
      sockets: createUnixSockets(),
      files: nodeFiles,
      clock: nodeClock,
      stateDir: fixture.nodeDir,
    });
  });
  after(async () => {
    driver.close();
    await fixture.close();
  });

  test("a saved VM's memory changes no more, and comes back from a restore that QEMU refuses late", async () => {
    const [vm, other] = [await fixture.vm(), await fixture.vm()];
    const { handle } = await driver.launch(vm.launch);
    const bootId = await helloOf(driver, handle);
    // As an agent leaves it that dies while it saves.
    await writeFile(vmPaths(handle).outgoing, "");
    const stream = await driver.openGuestStream(handle);
    await driver.pause(handle);
    assert.equal(stream.destroyed, true);
    const dir = await fixture.snapshotDir();
    const snapshot = await driver.snapshot(handle, { dir });
    assert.deepEqual(await readdir(vmPaths(handle).root), [], "the VM's root directory is empty again");

    const saved = await nodeFiles.sha256(snapshot.memory_path);
    await assert.rejects(driver.openGuestStream(handle), isRefused);
    await assert.rejects(driver.snapshot(handle, { dir: await fixture.snapshotDir() }), /in this pause already/);
    await nodeClock.sleep(SETTLE_MS);
    assert.equal(await nodeFiles.sha256(snapshot.memory_path), saved);
    await driver.kill(handle);

    // Another VM has the data drive: QEMU finds out when the guest is to go on.
    const drives = other.launch.drives.map((drive) =>
      drive.name === "data" ? (vm.launch.drives.find(({ name }) => name === "data") ?? drive) : drive,
    );
    const thief = await driver.launch({ ...other.launch, drives });
    await assert.rejects(driver.restore({ ...vm.launch, snapshot }), isRefused);
    assert.deepEqual(await fixture.leftovers(vm), []);
    assert.equal(await nodeFiles.sha256(snapshot.memory_path), saved, "the snapshot is as it was");
    await driver.kill(thief.handle);

    const restored = await driver.restore({ ...vm.launch, snapshot });
    assert.equal(await helloOf(driver, restored.handle), bootId);
    await driver.kill(restored.handle);
    assert.deepEqual(await fixture.leftovers(vm), []);
  });

  test("a snapshot that fails leaves nothing, and a VM that can go on", async () => {
    const vm = await fixture.vm();
    const { handle } = await driver.launch(vm.launch);
    await driver.pause(handle);
    const used = await fixture.snapshotDir();
    await writeFile(join(used, "state"), "another's");
    await assert.rejects(driver.snapshot(handle, { dir: used }), /is not empty/);
    assert.deepEqual(await readdir(used), ["state"]);
    // Memory can't be given a name on another file system.
    const elsewhere = await mkdtemp("/dev/shm/mvm-snapshot-");
    try {
      await assert.rejects(driver.snapshot(handle, { dir: elsewhere }), isRefused);
      assert.deepEqual(await readdir(elsewhere), []);
    } finally {
      await rm(elsewhere, { recursive: true });
    }
    assert.equal(await driver.inspect(handle), "paused");
    await driver.resume(handle);
    assert.equal(await driver.inspect(handle), "running");
    await driver.kill(handle);
    assert.deepEqual(await fixture.leftovers(vm), []);
  });
});
