/**
 * What the agent inside the guest does for each handler, by its name. A handler's code is loaded
 * only when the instance names it, because a guest's first answer must not wait for it.
 */
import { isKnownHandler, type HandlerName } from "../handlers/known-handlers.ts";
import type { GuestHandler, HandlerParts } from "./handler.ts";

type LoadHandler = (parts: HandlerParts) => Promise<GuestHandler>;

const loaders: Readonly<Record<HandlerName, LoadHandler>> = {
  "openclaw.gateway": async (parts) => {
    const [{ createGatewayHandler }, { openLoopbackWebSocket }] = await Promise.all([
      import("../openclaw/guest/gateway-handler.ts"),
      import("../openclaw/guest/adapters/loopback-websocket.ts"),
    ]);
    return createGatewayHandler({ ...parts, openSocket: openLoopbackWebSocket });
  },
  "openclaw.node": async (parts) => (await import("../openclaw/guest/node-handler.ts")).createNodeHandler(parts),
};

/** The instance's handlers, by name. One that this agent does not know reports just that. */
export async function loadHandlers(parts: HandlerParts): Promise<ReadonlyMap<string, GuestHandler>> {
  const handlers = new Map<string, GuestHandler>();
  for (const name of parts.instance.guest_handlers) {
    handlers.set(name, isKnownHandler(name) ? await loaders[name](parts) : unknownHandler(name));
  }
  return handlers;
}

function unknownHandler(name: string): GuestHandler {
  const message = `this guest's agent has no handler ${name}`;
  const failure = { code: "handler-unknown", message, count: 1 };
  return {
    start: () => undefined,
    report: async () => ({ name, ready: false, reason: message, failure, needs: [], peers: [], active_work: null }),
    connectors: async () => [],
    refresh: async () => ({ applied: false, detail: message }),
  };
}
