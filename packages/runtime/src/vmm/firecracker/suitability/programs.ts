/**
 * Whether the programs `firecracker` and `jailer` are what may confine VMs, judged by what was observed of them.
 * Pure; the driver's fingerprint and the node check take the same findings.
 */
import { missing, ok, warn, type Finding, type Obstacle } from "../../../finding.ts";
import type { ProgramFacts, ProgramFile } from "./observe-program.ts";
import { parsePrintedVersion, SUPPORTED_VERSIONS, versionFacts } from "./versions.ts";

const GROUP_OR_OTHERS_WRITE = 0o022;
const INSTALL = `Install release ${SUPPORTED_VERSIONS} of firecracker and jailer, static builds both, owned by root, or set [node] firecracker_dir in mvm.toml to where they are.`;

export interface Programs {
  readonly firecracker: ProgramFacts;
  readonly jailer: ProgramFacts;
}

export interface JudgedFirecracker extends Pick<Programs, "firecracker"> {
  /** Versions that may run although they are no releases. */
  readonly acceptedFirecracker: readonly string[];
}

export function judgeFirecracker({ firecracker, acceptedFirecracker }: JudgedFirecracker): Finding {
  const flaw = fileFlaw(firecracker);
  if (flaw !== null) return flaw;
  const version = parsePrintedVersion("Firecracker", firecracker.printed ?? "");
  if (version === null) return missing(`${firecracker.path} --version does not name a release of Firecracker`, INSTALL);
  const facts = versionFacts(version);
  if (!facts.supported) return missing(`Firecracker ${version} ${facts.reason}`, INSTALL);
  const seen = `Firecracker ${version}, static, root's`;
  const [relaxation] = facts.relaxations;
  if (relaxation === undefined) return ok(seen);
  if (acceptedFirecracker.includes(version)) return warn(`${seen}; ${relaxation}`, INSTALL);
  return missing(
    `${seen}; ${relaxation}`,
    `${INSTALL} To run this one all the same: [node] accept_firecracker = ["${version}"].`,
  );
}

export function judgeJailer({ firecracker, jailer }: Programs): Finding {
  const flaw = fileFlaw(jailer);
  if (flaw !== null) return flaw;
  const version = parsePrintedVersion("Jailer", jailer.printed ?? "");
  if (version === null) return missing(`${jailer.path} --version does not name a release of the jailer`, INSTALL);
  const sibling = parsePrintedVersion("Firecracker", firecracker.printed ?? "");
  if (sibling !== null && sibling !== version)
    return missing(`the jailer is of release ${version}, Firecracker of ${sibling}`, INSTALL);
  return ok(`jailer ${version}, static, root's`);
}

/** What is wrong with a program's file, whichever program it is; null when nothing is. */
function fileFlaw({ path, file }: ProgramFacts): Obstacle | null {
  if (file === null) return missing(`${path} is missing`, INSTALL);
  if (file.isLink) return missing(`${path} is a link`, "Put the program itself there, not a link to it.");
  if (!file.isStatic)
    return missing(`${path} is not linked statically: it runs in no jail, and has no system call filters`, INSTALL);
  return ownerFlaw(file);
}

function ownerFlaw({ realPath, uid, mode, replaceableIn }: ProgramFile): Obstacle | null {
  if (uid !== 0) return missing(`${realPath} belongs to uid ${uid}`, `chown root:root ${realPath}`);
  if ((mode & GROUP_OR_OTHERS_WRITE) !== 0)
    return missing(`${realPath} can be written by others: its mode is 0${mode.toString(8)}`, `chmod go-w ${realPath}`);
  if (replaceableIn !== null)
    return missing(
      `${realPath} can be exchanged by others: ${replaceableIn} is not root's alone`,
      `chown root:root ${replaceableIn}; chmod go-w ${replaceableIn}`,
    );
  return null;
}
