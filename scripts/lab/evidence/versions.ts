/** The versions of what took part in a run of the lab, each as it names itself. For the report. */
import { INSTALLED } from "../install.ts";
import type { LabShell } from "../machine/lab-shell.ts";

const TIMEOUT_MS = 120_000;

const QUESTIONS: Readonly<Record<string, string>> = {
  Debian: "cat /etc/debian_version",
  "Linux of the lab host": "uname -r",
  systemd: "systemctl --version",
  cryptsetup: "cryptsetup --version",
  nftables: "nft --version",
  "QEMU in the lab host": "qemu-system-x86_64 --version",
  Firecracker: `${INSTALLED.firecracker}/firecracker --version`,
  jailer: `${INSTALLED.firecracker}/jailer --version`,
  Node: `${INSTALLED.node} --version`,
  mvm: "mvm --version",
};

/** Name to the first line of the answer. */
export async function labVersions(shell: LabShell): Promise<Readonly<Record<string, string>>> {
  const versions: Record<string, string> = {};
  for (const [name, question] of Object.entries(QUESTIONS)) {
    const { code, stdout } = await shell.tryRun(question, { timeoutMs: TIMEOUT_MS });
    versions[name] = code === 0 ? (stdout.split("\n")[0] ?? "").trim() : "not there";
  }
  return versions;
}
