/** Whether an instance has a data volume: its role names one and its pool gives it a size. Pure. */
import type { StartOrder } from "../journal/operation-record.ts";

export function hasDataDrive({ order }: { readonly order: Pick<StartOrder, "type" | "pool"> }): boolean {
  const { required_drives, optional_drives } = order.type;
  const isNamed = required_drives.includes("data") || optional_drives.includes("data");
  return isNamed && order.pool.resources.data_mib > 0;
}
