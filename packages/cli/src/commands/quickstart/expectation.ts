/** What a quickstart from nothing may be expected to take: what was measured, beside this machine. Pure. */
import { counted } from "../../output/counts.ts";

export interface Expected {
  readonly minimal: boolean;
  readonly cpus: number;
  /** Whether the host has /dev/kvm; that it works shows only at the first launch. */
  readonly hasKvm: boolean;
}

const MEASURED = {
  full: "about 19 min: images under 2 min, two gateways at a time 9 min, then workers 8 min; with --minimal about 2 min",
  minimal: "about 2 min",
} as const;

/** Measured with the examples as they are, from no image at all. */
export function expectationText({ minimal, cpus, hasKvm }: Expected): string {
  const measured = `From nothing, with VMs emulated on 2 cores, this took ${MEASURED[minimal ? "minimal" : "full"]}.`;
  const acceleration = hasKvm ? "/dev/kvm: much less if guests run on it" : "no KVM: its VMs are emulated";
  return `${measured}\nThis machine has ${counted(cpus, "core")} and ${acceleration}.`;
}
