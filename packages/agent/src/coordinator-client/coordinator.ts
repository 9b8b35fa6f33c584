/**
 * The port to the coordinator, and its implementation over the coordinator's Unix socket. Both
 * directions are level-triggered: a lost call costs nothing but time.
 */
import { nodeRoutes, unixClient, type NodeId, type NodeSpec, type StatusAnswer, type StatusDelivery } from "@mvm/core";

export interface Coordinator {
  /** The spec, or null when it still has the generation `after` at the end of a long wait. @throws MvmError MVM_API_* */
  spec(after: number, signal: AbortSignal): Promise<NodeSpec | null>;
  deliver(delivery: StatusDelivery, signal: AbortSignal): Promise<StatusAnswer>;
}

/** How long the coordinator may hold back an answer, and how long beyond that it may be silent. */
const WAIT_MS = 30_000;
const GRACE_MS = 15_000;

export function unixCoordinator(socketPath: string, node: NodeId): Coordinator {
  const client = unixClient(socketPath);
  const params = { node };
  return {
    async spec(after, signal) {
      const query = { after, wait_ms: WAIT_MS };
      const { spec } = await client.call(nodeRoutes.getSpec, { params, query, timeoutMs: WAIT_MS + GRACE_MS, signal });
      return spec;
    },
    deliver: (delivery, signal) => client.call(nodeRoutes.putStatus, { params, body: delivery, signal }),
  };
}
