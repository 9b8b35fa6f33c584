/** Whether this host is going down, by the word of its systemd. A host adapter. */
import { isMvmError, type CommandRunner } from "@mvm/core";

const TIMEOUT_MS = 5_000;

/** From the request to shut down or reboot on; false where there is no systemd. */
export async function isHostEnding(commands: CommandRunner): Promise<boolean> {
  try {
    const argv = ["systemctl", "show", "--property=SystemState", "--value"] as const;
    return (await commands.run({ argv: [...argv], timeoutMs: TIMEOUT_MS })).stdout.trim() === "stopping";
  } catch (error) {
    if (isMvmError(error)) return false;
    throw error;
  }
}
