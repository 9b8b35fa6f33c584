/** The port to named pipes that drivers need. Implemented in host/; declared here by its user. */
import type { Duplex } from "node:stream";

export interface Pipes {
  /**
   * The reading end of a pipe; the caller destroys it. It does not end with its writers, so that what they
   * wrote last is still there to read.
   */
  open(path: string): Promise<Duplex>;
}
