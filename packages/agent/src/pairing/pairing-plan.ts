/**
 * Who has to be introduced to whom: an instance whose guest says that it needs pairing, and a ready
 * instance of the same tenant that can make the offer. Pure; by the guests' handlers, never by the
 * name of a role or profile.
 */
import type { InstanceId, TenantId } from "@mvm/core";
import type { GuestView } from "../guests/guest-link.ts";

/** Which handler makes the offers that another one takes. */
const offeredBy: Readonly<Record<string, string>> = { "openclaw.node": "openclaw.gateway" };

export interface PairingCandidate {
  readonly id: InstanceId;
  readonly tenant: TenantId;
  /** Handlers of its type: what the operator declared. */
  readonly declared: readonly string[];
  /** What its guest says. */
  readonly handlers: GuestView["handlers"];
}

export interface Introduction {
  /** Takes the offer. */
  readonly worker: InstanceId;
  /** Makes it. */
  readonly gateway: InstanceId;
}

/** A guest's word counts only for a handler that its type declares. */
export function planIntroductions(candidates: readonly PairingCandidate[]): readonly Introduction[] {
  return candidates.flatMap(({ id, tenant, declared, handlers }) => {
    const needy = handlers.find(({ name, needs }) => needs.includes("pairing") && declared.includes(name));
    const maker = needy === undefined ? undefined : offeredBy[needy.name];
    if (maker === undefined) return [];
    const gateway = candidates
      .filter((other) => other.tenant === tenant && other.id !== id && other.declared.includes(maker))
      .filter((other) => other.handlers.some(({ name, ready }) => name === maker && ready))
      .sort((a, b) => (a.id < b.id ? -1 : 1))[0];
    return gateway === undefined ? [] : [{ worker: id, gateway: gateway.id }];
  });
}
