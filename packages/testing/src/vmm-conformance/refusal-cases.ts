/** Launches that must fail: each with its code, and with nothing left of it. */
import assert from "node:assert/strict";
import { isMvmError, nodeClock } from "@mvm/core";
import type { Bench, Case } from "./bench.ts";

export const refusalCases: readonly Case[] = [
  ["another VM's tap and a missing one are refused", refusesWrongTap],
  ["a file that is no volume is refused with the VMM's own reason", refusesBrokenVolume],
  ["a boot without a sign of life is hung, and is killed", killsHungBoot],
  ["an aborted launch rejects with the abort's reason", endsWithAbort],
  ["a VM as root is refused", refusesRoot],
];

async function refusesWrongTap({ fixture, start }: Bench): Promise<void> {
  const [vm, other] = [await fixture.vm(), await fixture.vm()];
  for (const tap of ["tapnone", other.launch.network.tap]) {
    const launching = start().launch({ ...vm.launch, network: { ...vm.launch.network, tap } });
    await assert.rejects(launching, (error) => isMvmError(error, "MVM_VM_DRIVER") && error.message.includes(tap));
    assert.deepEqual(await fixture.leftovers(vm), []);
  }
  const argv = ["ip", "-n", vm.launch.network.namespace, "link"] as const;
  const { stdout } = await fixture.commands.run({ argv, timeoutMs: 10_000 });
  assert.ok(!stdout.includes("tapnone"), "the VMM made a tap of its own");
}

async function refusesBrokenVolume({ fixture, start }: Bench): Promise<void> {
  const driver = start();
  const vm = await fixture.vm();
  const drives = vm.launch.drives.map((drive) =>
    drive.name === "data" ? { ...drive, path: vm.launch.initrdPath } : drive,
  );
  await assert.rejects(driver.launch({ ...vm.launch, drives }), (error) => {
    if (!isMvmError(error, "MVM_VM_DRIVER")) return false;
    const isFile = driver.capabilities.dataDrive === "luks-file";
    return isFile ? String(error.details["stderr"]).includes("LUKS") : error.message.includes("block device");
  });
  assert.deepEqual(await fixture.leftovers(vm), []);
}

async function killsHungBoot({ fixture, start }: Bench): Promise<void> {
  const vm = await fixture.vm({ signOfLifeTimeoutMs: 1 });
  await assert.rejects(start().launch(vm.launch), (error) => isMvmError(error, "MVM_VM_BOOT_HUNG"));
  assert.deepEqual(await fixture.leftovers(vm), []);
}

/** At moments that fall into different steps of a launch. */
async function endsWithAbort({ fixture, start }: Bench): Promise<void> {
  const reason = new Error("a newer intent");
  const driver = start();
  for (const afterMs of [0, 20, 80, 200]) {
    const abort = new AbortController();
    const vm = await fixture.vm({ signal: abort.signal });
    const launching = driver.launch(vm.launch);
    const rejected = assert.rejects(launching, reason);
    await nodeClock.sleep(afterMs);
    abort.abort(reason);
    await rejected;
    assert.deepEqual(await fixture.leftovers(vm), []);
  }
}

async function refusesRoot({ fixture, start }: Bench): Promise<void> {
  const vm = await fixture.vm();
  await assert.rejects(start().launch({ ...vm.launch, uid: 0 }), (error) => isMvmError(error, "MVM_VM_CONFINEMENT"));
  assert.deepEqual(await fixture.leftovers(vm), []);
}
