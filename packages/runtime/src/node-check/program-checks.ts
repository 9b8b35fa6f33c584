/** Checks of what runs and confines VMs: KVM, Firecracker, its jailer, control groups. Pure. */
import { CONTROLLERS } from "../vmm/firecracker/cgroups.ts";
import { parsePrintedVersion, SUPPORTED_VERSIONS, versionFacts } from "../vmm/firecracker/versions.ts";
import { missing, ok, warn, type Check, type Finding } from "./check.ts";
import type { KvmFacts, NodeFacts, ProgramFacts, ProgramFile } from "./node-facts.ts";

const GROUP_OR_OTHERS_WRITE = 0o022;
const OTHERS_READ_OR_WRITE = 0o006;
const INSTALL = `Install release ${SUPPORTED_VERSIONS} of firecracker and jailer, static builds both, owned by root.`;

export const programChecks: readonly Check[] = [
  {
    name: "kvm",
    promise: "Guests run on the processor itself, kept apart by its virtualization.",
    neededIn: "production",
    judge: ({ kvm }) => judgeKvm(kvm),
  },
  {
    name: "kvm-rights",
    promise: "Nobody but root and the VMMs of this node makes VMs here.",
    neededIn: "production",
    judge: ({ kvm }) => judgeRights(kvm),
  },
  {
    name: "firecracker",
    promise: "The VMM is a version that was tried, and nobody but root can exchange it.",
    neededIn: "production",
    judge: ({ firecracker }) => judgeFirecracker(firecracker),
  },
  {
    name: "jailer",
    promise: "Every VMM is confined by the jailer of its own release.",
    neededIn: "production",
    judge: judgeJailer,
  },
  {
    name: "cgroup",
    promise: "What a VM takes of memory, processors, disks and tasks is limited and measured.",
    neededIn: "production",
    judge: ({ cgroupControllers }) => judgeControllers(cgroupControllers),
  },
];

function judgeKvm({ device, trial }: KvmFacts): Finding {
  if (device === null)
    return missing(
      "/dev/kvm is missing",
      "Switch virtualization on in the firmware and load the module: modprobe kvm-intel, or kvm-amd. In a cloud take a metal machine.",
    );
  if (trial === null)
    return warn(
      "/dev/kvm is there; it was not tried, for want of Firecracker or of an image with a kernel",
      "Install Firecracker and build an image, then run mvm node check again.",
    );
  if (trial.works) return ok("a kernel booted with it");
  return missing(
    `a kernel did not boot with it: ${trial.reason}`,
    "Use a machine whose processor virtualizes by itself, or a VM with nested virtualization.",
  );
}

function judgeRights({ device }: KvmFacts): Finding {
  if (device === null) return ok("/dev/kvm is missing");
  const rights = `/dev/kvm has the mode 0${device.mode.toString(8)} and belongs to uid ${device.uid}`;
  if (device.uid !== 0) return missing(rights, "chown root /dev/kvm, and mend the udev rule that gave it away.");
  if ((device.mode & OTHERS_READ_OR_WRITE) !== 0)
    return warn(rights, 'Write /etc/udev/rules.d/99-kvm.rules: KERNEL=="kvm", GROUP="kvm", MODE="0660"');
  return ok(rights);
}

function judgeFirecracker(program: ProgramFacts): Finding {
  const flaw = judgeFile(program);
  if (flaw !== null) return flaw;
  const version = parsePrintedVersion("Firecracker", program.printed ?? "");
  if (version === null) return missing(`${program.path} --version does not name a release of Firecracker`, INSTALL);
  const facts = versionFacts(version);
  if (!facts.supported) return missing(`Firecracker ${version} ${facts.reason}`, INSTALL);
  const seen = `Firecracker ${version}, static, root's`;
  const [relaxation] = facts.relaxations;
  return relaxation === undefined ? ok(seen) : warn(`${seen}; ${relaxation}`, INSTALL);
}

function judgeJailer({ firecracker, jailer }: NodeFacts): Finding {
  const flaw = judgeFile(jailer);
  if (flaw !== null) return flaw;
  const version = parsePrintedVersion("Jailer", jailer.printed ?? "");
  if (version === null) return missing(`${jailer.path} --version does not name a release of the jailer`, INSTALL);
  const sibling = parsePrintedVersion("Firecracker", firecracker.printed ?? "");
  if (sibling !== null && sibling !== version)
    return missing(`the jailer is of release ${version}, Firecracker of ${sibling}`, INSTALL);
  return ok(`jailer ${version}, static, root's`);
}

/** What is wrong with a program's file, whichever program it is; null when nothing is. */
function judgeFile({ path, file }: ProgramFacts): Finding | null {
  if (file === null) return missing(`${path} is missing`, INSTALL);
  if (file.isLink) return missing(`${path} is a link`, "Put the program itself there, not a link to it.");
  if (!file.isStatic)
    return missing(`${path} is not linked statically: it runs in no jail, and has no system call filters`, INSTALL);
  return judgeOwner(file);
}

function judgeOwner({ realPath, uid, mode, replaceableIn }: ProgramFile): Finding | null {
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

function judgeControllers(controllers: readonly string[] | null): Finding {
  const remedy =
    "Boot with systemd.unified_cgroup_hierarchy=1, or mount it: mount -t cgroup2 none /sys/fs/cgroup; no controller may be in use by version 1.";
  if (controllers === null) return missing("cgroup v2 is not mounted at /sys/fs/cgroup", remedy);
  const absent = CONTROLLERS.filter((controller) => !controllers.includes(controller));
  if (absent.length > 0) return missing(`cgroup v2 lacks ${absent.join(", ")}`, remedy);
  return ok(`cgroup v2 with ${CONTROLLERS.join(", ")}`);
}
