/** The port to Unix sockets that drivers need. Implemented in host/; declared here by its user. */
import type { Duplex } from "node:stream";

export interface ConnectOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** A socket that takes one connection and keeps what comes over it. */
export interface Inlet {
  /**
   * All bytes of the connection, once its other side has ended it.
   * Rejects with MvmError MVM_VM_DRIVER when it is more than was allowed, or the inlet is closed first.
   */
  readonly received: Promise<Buffer>;
  /** Ends listening and the connection, and removes the socket; idempotent. */
  close(): void;
}

export interface UnixSockets {
  /**
   * A connection to a listening socket; the caller destroys it. Being connected does not mean that
   * somebody accepted it: a listener's queue answers as well.
   * @throws MvmError MVM_VM_DRIVER when nothing listens there or the deadline passes
   */
  connect(path: string, options: ConnectOptions): Promise<Duplex>;
  /** Listens at a path where nothing is; the caller closes it. @throws MvmError MVM_VM_DRIVER */
  openInlet(path: string, options: { readonly maxBytes: number }): Promise<Inlet>;
}
