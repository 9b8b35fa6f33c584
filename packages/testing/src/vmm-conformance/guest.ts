/** The guest's part in the driver suite: it says who it is, and shuts itself down. */
import assert from "node:assert/strict";
import { nodeClock, nodeRandom } from "@mvm/core";
import { GuestClient, spokenVersions } from "@mvm/guest";
import type { VmHandle, VmmDriver } from "@mvm/runtime";

const BOOT_TIMEOUT_MS = 180_000;
const ANSWER_TIMEOUT_MS = 3_000;
const SHUTDOWN_TIMEOUT_MS = 60_000;

/** Asks the guest who it is until it answers. @returns the id of its boot */
export async function helloOf(
  driver: Pick<VmmDriver, "openGuestStream" | "consoleTail">,
  handle: VmHandle,
): Promise<string> {
  const guest = guestOf(driver, handle);
  const deadline = nodeClock.monotonicMs() + BOOT_TIMEOUT_MS;
  const params = { host_version: "test", versions: spokenVersions() };
  try {
    for (;;) {
      try {
        return (await guest.request("hello", params, { timeoutMs: ANSWER_TIMEOUT_MS })).boot_id;
      } catch (error) {
        const console = (await driver.consoleTail(handle)).toString("latin1");
        assert.ok(nodeClock.monotonicMs() < deadline, `the guest did not answer: ${String(error)}\n${console}`);
        await nodeClock.sleep(100);
      }
    }
  } finally {
    guest.reset();
  }
}

/** What the guest's kernel printed: on its console, under a driver without consoles by the guest's journal. */
export async function kernelWords(driver: VmmDriver, handle: VmHandle): Promise<string> {
  const console = (await driver.consoleTail(handle)).toString("latin1");
  if (console.includes("512-byte logical blocks")) return console;
  const guest = guestOf(driver, handle);
  try {
    const { entries } = await guest.request("logs", { limit: 500 }, { timeoutMs: SHUTDOWN_TIMEOUT_MS });
    return entries.map(({ message }) => `${message}\n`).join("");
  } finally {
    guest.reset();
  }
}

/** The guest ends itself, and with it the VMM. */
export async function shutDown(driver: VmmDriver, handle: VmHandle): Promise<void> {
  await guestOf(driver, handle).request("shutdown", {}, { timeoutMs: SHUTDOWN_TIMEOUT_MS });
  assert.equal(await driver.waitGone(handle, SHUTDOWN_TIMEOUT_MS), true, "the guest's shutdown ends the VMM");
}

function guestOf(driver: Pick<VmmDriver, "openGuestStream">, handle: VmHandle): GuestClient {
  const dial = () => driver.openGuestStream(handle);
  return new GuestClient({ guest: handle.id, clock: nodeClock, random: nodeRandom, dial });
}
