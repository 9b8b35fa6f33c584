/** The gateway's WebSocket on this guest's loopback, trusting the gateway's own certificate only. */
import WebSocket from "ws";
import type { OpenGatewaySocket } from "../gateway-socket.ts";

const OPEN_TIMEOUT_MS = 30_000;
const MAX_MESSAGE_BYTES = 8 * 1024 * 1024;

export const openLoopbackWebSocket: OpenGatewaySocket = (endpoint, events) =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(`wss://127.0.0.1:${endpoint.port}`, {
      ca: endpoint.certificatePem,
      // The certificate names no address; that it is this very one is what counts. Falsy means accepted.
      checkServerIdentity: () => false,
      handshakeTimeout: OPEN_TIMEOUT_MS,
      maxPayload: MAX_MESSAGE_BYTES,
      perMessageDeflate: false,
    });
    socket.on("open", () => resolve({ send: (text) => socket.send(text), close: () => socket.terminate() }));
    socket.on("message", (data: Buffer) => events.message(data.toString("utf8")));
    socket.on("error", reject);
    socket.on("close", (code, reason) => {
      const why = `closed with ${code}: ${reason.toString("utf8")}`;
      reject(new Error(why));
      events.closed(why);
    });
  });
