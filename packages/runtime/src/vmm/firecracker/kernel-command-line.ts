/** The guest kernel's command line under Firecracker. Pure. */
import { MvmError } from "@mvm/core";
import { kernelLine } from "../kernel-words.ts";

/** Firecracker's own limit. */
const MAX_BYTES = 2_048;

const WORDS = [
  // Firecracker ends when the keyboard controller resets the machine, and knows no other end.
  ...["reboot=k", "panic=-1", "quiet"],
  // There is no serial line, and of a keyboard controller only the reset.
  ...["8250.nr_uarts=0", "i8042.noaux", "i8042.nomux", "i8042.dumbkbd"],
  ...["pci=off", "swiotlb=noforce"],
  ...["root=/dev/vda", "ro"],
];

/** @param extra what the caller adds, such as `mvm.volume=…` */
export function kernelCommandLine(extra: readonly string[]): string {
  const line = kernelLine([...WORDS, ...extra]);
  if (line.length > MAX_BYTES)
    throw new MvmError("MVM_INTERNAL", { message: `the kernel's command line is longer than ${MAX_BYTES} bytes` });
  return line;
}
