/** Who the machine says runs this program: a claim for the audit, not a proof. A host adapter. */
import { readFileSync } from "node:fs";
import { userInfo } from "node:os";

/** An unset login uid, as the kernel writes it. */
const UNSET = "4294967295";

export function claimedUser(env: Readonly<Record<string, string | undefined>>): string {
  const sudoUser = env["SUDO_USER"];
  if (sudoUser !== undefined && /^[\w.@-]{1,64}$/.test(sudoUser)) return sudoUser;
  const loginUid = readLoginUid();
  return loginUid === null ? accountName() : `uid ${loginUid}`;
}

function readLoginUid(): string | null {
  try {
    const uid = readFileSync("/proc/self/loginuid", "utf8").trim();
    return /^\d+$/.test(uid) && uid !== UNSET ? uid : null;
  } catch {
    return null;
  }
}

function accountName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? "?"}`;
  }
}
