/** The port to the gateway's WebSocket on loopback; implemented in adapters, so that the rest needs no network. */
export interface GatewayEndpoint {
  readonly port: number;
  /** The gateway's own certificate: the only one that is trusted. */
  readonly certificatePem: string;
}

export interface GatewaySocketEvents {
  message(text: string): void;
  /** Once, when the socket is gone, for whatever reason. */
  closed(reason: string): void;
}

export interface GatewaySocket {
  send(text: string): void;
  close(): void;
}

/** Resolves when the socket is open; rejects when it can't be opened. */
export type OpenGatewaySocket = (endpoint: GatewayEndpoint, events: GatewaySocketEvents) => Promise<GatewaySocket>;
