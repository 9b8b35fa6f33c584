/** Checks of what runs and confines VMs: KVM, Firecracker, its jailer, control groups. Pure. */
import { missing, ok, warn, type Finding } from "../finding.ts";
import { CONTROLLERS } from "../vmm/firecracker/confinement/cgroups.ts";
import { judgeFirecracker, judgeJailer } from "../vmm/firecracker/suitability/programs.ts";
import type { Check } from "./check.ts";
import type { CgroupFacts, KvmFacts } from "./node-facts.ts";

const OTHERS_READ_OR_WRITE = 0o006;

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
    judge: judgeFirecracker,
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
    judge: ({ cgroup }) => judgeControllers(cgroup),
  },
];

function judgeKvm({ device, trial }: KvmFacts): Finding {
  if (device === null)
    return missing(
      "/dev/kvm is missing",
      "Switch virtualization on in the firmware and load the module, now and at every boot: modprobe kvm-intel, or kvm-amd; its name goes into /etc/modules-load.d/mvm.conf as well. In a cloud take a metal machine.",
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
  if (device === null) return ok("nothing to judge, for want of /dev/kvm");
  const rights = `/dev/kvm has the mode 0${device.mode.toString(8)} and belongs to uid ${device.uid}`;
  if (device.uid !== 0) return missing(rights, "chown root /dev/kvm, and mend the udev rule that gave it away.");
  if ((device.mode & OTHERS_READ_OR_WRITE) !== 0)
    return missing(
      rights,
      'chmod 0660 /dev/kvm, and write what makes that last into /etc/udev/rules.d/99-kvm.rules: KERNEL=="kvm", GROUP="kvm", MODE="0660"',
    );
  return ok(rights);
}

function judgeControllers({ mount, controllers }: CgroupFacts): Finding {
  const remedy = `Boot with systemd.unified_cgroup_hierarchy=1, or mount it until the next boot: mount -t cgroup2 none ${mount}; no controller may be in use by version 1.`;
  if (controllers === null) return missing(`cgroup v2 is not mounted at ${mount}`, remedy);
  const absent = CONTROLLERS.filter((controller) => !controllers.includes(controller));
  if (absent.length > 0) return missing(`cgroup v2 lacks ${absent.join(", ")}`, remedy);
  return ok(`cgroup v2 with ${CONTROLLERS.join(", ")}`);
}
