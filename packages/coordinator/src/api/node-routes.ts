/** The node API's routes bound to the node service. No decisions here. */
import { nodeRoutes as routes } from "@mvm/core";
import type { NodeService } from "../services/node-service.ts";
import { nodeOf } from "./operator-routes.ts";
import { serveRead, serveWrite, type Serving } from "./serve-route.ts";

export function serveNodeApi(serving: Serving, nodes: NodeService): void {
  serveRead(serving, routes.getSpec, async ({ params, query, signal }) => {
    const spec = await nodes.spec({ node: nodeOf(params), after: query.after, waitMs: query.wait_ms, signal });
    return { spec };
  });
  serveWrite(serving, routes.putStatus, ({ params, body }) => nodes.takeStatus(nodeOf(params), body));
}
