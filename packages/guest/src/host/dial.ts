/**
 * The port through which the host reaches a guest: a byte stream dialled anew for each connection
 * (design §7). The driver supplies it; the client below neither knows nor cares what carries it.
 */
import type { Duplex } from "node:stream";

/** Opens the guest channel. Rejects when the VM is not there; must end by itself when `signal` is aborted. */
export type DialGuest = (signal: AbortSignal) => Promise<Duplex>;
