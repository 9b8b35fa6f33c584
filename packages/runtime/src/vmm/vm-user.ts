/** The user that a VM's VMM runs as. Pure; asked by every driver before it makes anything. */
import { MvmError } from "@mvm/core";
import type { VmPlace } from "./driver.ts";

/** @throws MvmError MVM_VM_CONFINEMENT for root */
export function refuseRoot({ id, uid }: Pick<VmPlace, "id" | "uid">): void {
  if (uid === 0) throw new MvmError("MVM_VM_CONFINEMENT", { message: `${id} would run as root`, details: { uid } });
}
