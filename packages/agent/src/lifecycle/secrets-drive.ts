/** Whether an instance has a secrets drive: its role requires one, or allows one and its profile names secrets. Pure. */
import type { StartOrder } from "../journal/operation-record.ts";

export function hasSecretsDrive({ order: { type } }: { readonly order: Pick<StartOrder, "type"> }): boolean {
  if (type.required_drives.includes("secrets")) return true;
  return type.optional_drives.includes("secrets") && type.secrets.length > 0;
}
