/** Why a launch failed, as far as QEMU and the guest tell: asked before what is left of it is cleared away. */
import { MvmError, retold } from "@mvm/core";
import type { DriverParts } from "./driver-parts.ts";
import { endedError, type QemuProcess } from "./qemu-process.ts";

/** For the last words of a process that has ended. */
const LAST_WORDS_MS = 1_000;
const CONSOLE_BYTES = 2_000;

/** The error with QEMU's own words, as far as they can be had; what is no failure of the VMM stays as it is. */
export async function explained(
  { ports: { clock, processes } }: Pick<DriverParts, "ports">,
  error: unknown,
  qemu: QemuProcess,
): Promise<unknown> {
  if (!(error instanceof MvmError) || error.code !== "MVM_VM_DRIVER") return error;
  const gone = await processes.waitGone(qemu.ref, LAST_WORDS_MS).catch(() => false);
  if (gone) await Promise.race([qemu.silent, clock.sleep(LAST_WORDS_MS)]);
  return retold(gone ? endedError(error) : error, { details: { ...error.details, stderr: qemu.messages() } });
}

/** What the guest printed and how it ended, as far as there is any: untrusted text, for a person. */
export function withGuestsWords(
  error: unknown,
  { ending, consoleTail }: { readonly ending: string; readonly consoleTail: Buffer },
): unknown {
  if (!(error instanceof MvmError)) return error;
  const words = {
    ...(ending === "" ? {} : { ending }),
    ...(consoleTail.length === 0 ? {} : { console_tail: consoleTail.subarray(-CONSOLE_BYTES).toString("latin1") }),
  };
  return retold(error, { details: words });
}
