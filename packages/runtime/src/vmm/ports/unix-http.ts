/** The port to HTTP over a Unix socket, as the API client needs it. Implemented in host/. */

export interface UnixHttpRequest {
  readonly socketPath: string;
  readonly method: "GET" | "PUT" | "PATCH";
  readonly path: string;
  /** Sent as JSON with its length; never chunked. */
  readonly body?: unknown;
  /** From the connection to the last byte of the answer. */
  readonly timeoutMs: number;
  /** A longer answer is an error. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal | undefined;
}

export interface UnixHttpAnswer {
  readonly status: number;
  readonly text: string;
}

export interface UnixHttp {
  /**
   * One exchange on a connection of its own. Null when nobody listens (yet).
   * @throws MvmError MVM_VM_DRIVER for a deadline, a broken connection or an answer that is too long; the signal's reason
   */
  exchange(request: UnixHttpRequest): Promise<UnixHttpAnswer | null>;
}
