/**
 * The table of all handlers: what each takes from another one when they pair. What a handler puts on
 * drives (handler-files.ts) and does inside its guest (agent/handler-table.ts) hangs on these names;
 * both lists are exhaustive by type. A new application begins here. Pure; read by host and guest.
 */
import type { InstanceId } from "@mvm/core";
import { GATEWAY_HANDLER, WORKER_HANDLER } from "../openclaw/handler-names.ts";

interface KnownHandler {
  /** The handler whose offers it takes; null: it pairs with nobody by itself. */
  readonly takesOffersOf: string | null;
}

const table = {
  [GATEWAY_HANDLER]: { takesOffersOf: null },
  [WORKER_HANDLER]: { takesOffersOf: GATEWAY_HANDLER },
} as const satisfies Readonly<Record<string, KnownHandler>>;

export type HandlerName = keyof typeof table;

export function isKnownHandler(name: string): name is HandlerName {
  return Object.hasOwn(table, name);
}

/** An instance as far as pairing asks: who it is and which handlers its type declares. */
export interface PairingPeer {
  readonly instance_id: InstanceId;
  readonly type: { readonly guest_handlers: readonly string[] };
}

/**
 * The one of these instances that makes the offers which `handler` takes: of several the first by
 * id, whether it is ready or not, so that a configuration and a pairing made at different times mean
 * the same one. Undefined: there is none, or the handler takes no offers.
 */
export function offerMaker<Peer extends PairingPeer>(handler: string, peers: readonly Peer[]): Peer | undefined {
  const maker = makerFor(handler);
  if (maker === null) return undefined;
  return peers
    .filter(({ type }) => type.guest_handlers.includes(maker))
    .toSorted((one, other) => (one.instance_id < other.instance_id ? -1 : 1))[0];
}

/** The handler whose offers this one takes; null: none, or nobody knows it. */
export function makerFor(handler: string): string | null {
  return isKnownHandler(handler) ? table[handler].takesOffersOf : null;
}
