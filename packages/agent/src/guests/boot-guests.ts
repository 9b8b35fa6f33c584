/** Lifecycle's words with a guest: the first answer after a launch, that its data drive has grown, and the request to stop. */
import { isMvmError, messageOf, MvmError, type Clock } from "@mvm/core";
import { spokenVersions } from "@mvm/guest";
import type { VmHandle } from "@mvm/runtime";
import type { BootGuests, DataDrive } from "../lifecycle/ports.ts";
import type { GuestChannel, GuestChannels } from "./guest-channels.ts";
import { plainText } from "./plain-text.ts";

const TRY_TIMEOUT_MS = 3_000;
const PAUSE_MS = 100;

/** @param version what this agent calls itself to guests */
export function createBootGuests(parts: {
  readonly channels: Pick<GuestChannels, "of">;
  readonly clock: Clock;
  readonly version: string;
}): BootGuests {
  const { channels, clock, version } = parts;
  return {
    async greet(handle, { timeoutMs, signal, onHello }) {
      const channel = channels.of(handle);
      const endsAtMs = clock.monotonicMs() + timeoutMs;
      const attempt = async <Answer>(ask: (askMs: number) => Promise<Answer | null>): Promise<Answer> => {
        let lastError: unknown = null;
        for (;;) {
          const leftMs = endsAtMs - clock.monotonicMs();
          if (leftMs <= 0) throw hung(handle, timeoutMs, lastError);
          try {
            const answer = await ask(Math.min(TRY_TIMEOUT_MS, leftMs));
            if (answer !== null) return answer;
          } catch (error) {
            signal.throwIfAborted();
            if (isMvmError(error, "MVM_GUEST_PROTOCOL") || isMvmError(error, "MVM_VOLUME_FAILED")) throw error;
            lastError = error;
          }
          await clock.sleep(PAUSE_MS, signal);
        }
      };
      const hello = await attempt((askMs) =>
        channel.request("hello", { host_version: version, versions: spokenVersions() }, { timeoutMs: askMs, signal }),
      );
      if (hello.instance_id !== null && hello.instance_id !== handle.id) throw mistaken(handle, hello.instance_id);
      onHello();
      return attempt((askMs) => dataDriveOf(handle, channel, { timeoutMs: askMs, signal }));
    },
    async growData(handle, { sizeBytes, ...options }) {
      const answer = await channels.of(handle).request("data.grow", { size_bytes: sizeBytes }, options);
      return answer.size_bytes;
    },
    async shutDown(handle, options) {
      await channels.of(handle).request("shutdown", {}, options);
    },
  };
}

/** Null while the guest is still mounting. */
async function dataDriveOf(
  handle: VmHandle,
  channel: GuestChannel,
  options: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<DataDrive | null> {
  const { drives } = await channel.request("status", {}, options);
  if (drives === null) return null;
  if (drives.ok) return drives.data;
  const message = `the ${plainText(drives.drive)} drive of ${handle.id} can't be used: ${plainText(drives.reason)}`;
  const remedy = `See mvm instance logs ${handle.id} --console; the data is left as it was.`;
  throw new MvmError("MVM_VOLUME_FAILED", { message, remedy });
}

function mistaken(handle: VmHandle, claimed: string): MvmError {
  return new MvmError("MVM_GUEST_PROTOCOL", { message: `the guest of ${handle.id} takes itself for ${claimed}` });
}

function hung(handle: VmHandle, timeoutMs: number, cause: unknown): MvmError {
  const why = cause === null ? "" : ` (${messageOf(cause)})`;
  return new MvmError("MVM_VM_BOOT_HUNG", {
    message: `the guest of ${handle.id} did not answer within ${timeoutMs} ms of its launch${why}`,
    cause,
    retry: "backoff",
  });
}
