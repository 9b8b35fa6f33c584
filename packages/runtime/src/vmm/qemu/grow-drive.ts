/**
 * Lets a running VM's disk take what its file has grown by. QEMU decrypts the volume by itself, so it alone
 * knows where in the file the disk ends; it makes the file longer where that is still needed, and tells the guest.
 */
import { MvmError } from "@mvm/core";
import * as z from "zod";
import type { GrownDrive, VmHandle } from "../driver.ts";
import { withQmp, type Qmp, type QmpPorts } from "./qmp/session.ts";
import { vmPaths } from "./vm-paths.ts";

const TIMEOUT_MS = 30_000;
const BlockNodes = z.array(
  z.object({ "node-name": z.string().optional(), image: z.object({ "virtual-size": z.int().min(0) }) }),
);

/** The contract is VmmDriver.growDrive's. */
export async function growDrive(ports: QmpPorts, handle: VmHandle, { name, sizeBytes }: GrownDrive): Promise<void> {
  await withQmp(ports, { path: vmPaths(handle).qmp, timeoutMs: TIMEOUT_MS }, async (qmp) => {
    // QEMU would also make it smaller, and cut off what lies behind.
    if ((await sizeOf(qmp, name)) < sizeBytes)
      await qmp.execute("block_resize", { "node-name": name, size: sizeBytes });
  });
}

async function sizeOf(qmp: Qmp, name: GrownDrive["name"]): Promise<number> {
  const nodes = BlockNodes.safeParse(await qmp.execute("query-named-block-nodes", { flat: true }));
  const node = nodes.data?.find((each) => each["node-name"] === name);
  if (node !== undefined) return node.image["virtual-size"];
  throw new MvmError("MVM_VM_DRIVER", { message: `QEMU told no size of the drive ${name}`, cause: nodes.error });
}
