/**
 * What this host must offer for a lab host to be made here. Asked by lab.ts before anything else.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";

const PROGRAMS: Readonly<Record<string, string>> = {
  "qemu-system-x86_64": "qemu-system-x86",
  mmdebstrap: "mmdebstrap",
  mke2fs: "e2fsprogs",
  "mkfs.erofs": "erofs-utils",
  ssh: "openssh-client",
  "ssh-keygen": "openssh-client",
};
const SYSTEM_PATH = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];
/** What MVM_FIRECRACKER_DIR holds. */
export const FIRECRACKER_PROGRAMS = ["firecracker", "jailer"];

/** One line for each missing thing, with its remedy; empty when a lab host can be made. */
export function missingForLab(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  const lines: string[] = [];
  if (process.getuid?.() !== 0) lines.push("a Debian root is made by root only: run it with sudo");
  const absent = Object.entries(PROGRAMS).filter(
    ([program]) => !SYSTEM_PATH.some((directory) => existsSync(join(directory, program))),
  );
  for (const [program, debianPackage] of absent) lines.push(`${program} is missing: apt-get install ${debianPackage}`);
  const firecrackerDir = env["MVM_FIRECRACKER_DIR"];
  if (firecrackerDir !== undefined) {
    for (const name of FIRECRACKER_PROGRAMS.filter((program) => !existsSync(join(firecrackerDir, program))))
      lines.push(`MVM_FIRECRACKER_DIR names ${firecrackerDir}, but there is no ${name} in it`);
  }
  return lines;
}
