/** The port to Unix sockets that drivers need. Implemented in host/; declared here by its user. */
import type { Duplex } from "node:stream";

export interface ConnectOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

export interface UnixSockets {
  /**
   * A connection to a listening socket; the caller destroys it. Being connected does not mean that
   * somebody accepted it: a listener's queue answers as well.
   * @throws MvmError MVM_VM_DRIVER when nothing listens there or the deadline passes
   */
  connect(path: string, options: ConnectOptions): Promise<Duplex>;
}
