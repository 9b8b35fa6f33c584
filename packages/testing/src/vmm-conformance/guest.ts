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
  driver: Pick<VmmDriver, "openGuestStream" | "outputTail">,
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
        const { source, bytes } = await driver.outputTail(handle);
        const words = `${String(error)}\n${source}: ${bytes.toString("latin1")}`;
        assert.ok(nodeClock.monotonicMs() < deadline, `the guest did not answer: ${words}`);
        await nodeClock.sleep(100);
      }
    }
  } finally {
    guest.reset();
  }
}

/** What the guest's kernel printed: on its console, under a driver without consoles by the guest's journal. */
export async function kernelWords(driver: VmmDriver, handle: VmHandle): Promise<string> {
  const { source, bytes } = await driver.outputTail(handle);
  if (source === "guest-console") return bytes.toString("latin1");
  const guest = guestOf(driver, handle);
  try {
    const { entries } = await guest.request("logs", { limit: 500 }, { timeoutMs: SHUTDOWN_TIMEOUT_MS });
    return entries.map(({ message }) => `${message}\n`).join("");
  } finally {
    guest.reset();
  }
}

/** The guest lets what is mounted on /data take all of a disk of that size. @returns what it then holds, in bytes */
export async function growGuestData(driver: VmmDriver, handle: VmHandle, sizeBytes: number): Promise<number> {
  const guest = guestOf(driver, handle);
  try {
    const answer = await guest.request("data.grow", { size_bytes: sizeBytes }, { timeoutMs: BOOT_TIMEOUT_MS });
    return answer.size_bytes;
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
