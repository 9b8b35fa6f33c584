/**
 * A guest kernel's command line out of its words. Pure; called by every driver, which knows the words.
 *
 * It is visible in /proc to everyone in the guest, and in the VMM's argv or API: never a secret.
 */
import { MvmError } from "@mvm/core";

/** @throws MvmError MVM_INTERNAL for a word that is not exactly one parameter */
export function kernelLine(words: readonly string[]): string {
  const broken = words.find((word) => !/^[!-~]+$/.test(word));
  if (broken !== undefined)
    throw new MvmError("MVM_INTERNAL", { message: `not one kernel parameter: ${JSON.stringify(broken)}` });
  return words.join(" ");
}
