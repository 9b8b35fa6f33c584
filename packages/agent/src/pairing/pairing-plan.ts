/**
 * Who has to be introduced to whom: an instance whose guest says that it needs pairing, and the
 * instance of the same tenant that makes the offer, once it is ready. Pure; by the guests' handlers,
 * never by the name of a role or profile.
 */
import type { InstanceId, TenantId } from "@mvm/core";
import { makerFor, offerMaker } from "@mvm/guest";
import type { GuestView } from "../guests/guest-link.ts";

export interface PairingCandidate {
  readonly id: InstanceId;
  readonly tenant: TenantId;
  /** Handlers of its type: what the operator declared. */
  readonly declared: readonly string[];
  /** What its guest says; nothing while it is not heard. */
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
    if (needy === undefined) return [];
    const peers = candidates
      .filter((other) => other.tenant === tenant && other.id !== id)
      .map((other) => ({ instance_id: other.id, type: { guest_handlers: other.declared }, says: other.handlers }));
    // The worker's own configuration names the same one: another that is ready already is no substitute.
    const gateway = offerMaker(needy.name, peers);
    const isReady = gateway?.says.some(({ name, ready }) => name === makerFor(needy.name) && ready) ?? false;
    return gateway === undefined || !isReady ? [] : [{ worker: id, gateway: gateway.instance_id }];
  });
}
