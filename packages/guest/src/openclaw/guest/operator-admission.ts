/**
 * Which waiting devices the agent in the guest approves by itself. Pure; the one place that decides it.
 *
 * The gateway lets a device wait only after it has shown a credential. One that is new to the gateway
 * and asks for the operator's role can only have shown the shared token: device tokens belong to
 * known devices, setup codes are made for nodes alone. The token's holder is the tenant's operator.
 * Whoever is known already (a worker that asks for more) is never approved here.
 */
import type { DevicePairList, PendingDevice } from "./gateway-frames.ts";

export type Admission =
  | { readonly admit: true; readonly requestId: string; readonly deviceId: string; readonly remoteIp: string }
  | { readonly admit: false; readonly requestId: string; readonly deviceId: string; readonly reason: string };

/** The decision for each device that waits. */
export function decideAdmissions(list: DevicePairList): readonly Admission[] {
  const known = new Set(list.paired.map((device) => device.deviceId));
  return list.pending.map((device) => {
    const { requestId, deviceId } = device;
    const reason = reasonAgainst(device, known);
    return reason === null
      ? { admit: true, requestId, deviceId, remoteIp: device.remoteIp ?? "unknown" }
      : { admit: false, requestId, deviceId, reason };
  });
}

function reasonAgainst(device: PendingDevice, known: ReadonlySet<string>): string | null {
  if (known.has(device.deviceId)) return "the device is known and asks for more than it has";
  if (device.isRepair !== false) return "the request is not a first one";
  const roles = device.roles ?? (device.role === undefined ? [] : [device.role]);
  if (roles.length === 0 || roles.some((role) => role !== "operator"))
    return `it asks for the roles ${roles.join(", ") || "(none)"}`;
  return null;
}
