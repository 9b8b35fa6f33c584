/** Nodes: their specs handed out, their statuses taken in, and what follows from those. */
import {
  isMvmError,
  isoTime,
  messageOf,
  MvmError,
  type NodeId,
  type NodeSpec,
  type NodeView,
  type StatusAnswer,
  type StatusDelivery,
} from "@mvm/core";
import { auditDraft, holdEndedDraft } from "../audit/drafts.ts";
import { waitUntil } from "../change-signal.ts";
import { goneInstances, goneTenants, planReplacements } from "../fleet/plan-replacements.ts";
import { buildNodeSpec } from "../spec/build-node-spec.ts";
import { nodeView } from "../views/fleet-views.ts";
import { auditContext, planContext, type ServiceDeps } from "./deps.ts";

export interface SpecRequest {
  readonly node: NodeId;
  /** The generation that the agent has. */
  readonly after: number;
  readonly waitMs: number;
  readonly signal: AbortSignal;
}

export interface NodeService {
  list(): Promise<NodeView[]>;
  /** @throws MvmError MVM_NODE_NOT_FOUND */
  get(node: NodeId): Promise<NodeView>;
  /** The spec, or null while its generation is `after`. @throws MvmError MVM_NODE_NOT_FOUND */
  spec(request: SpecRequest): Promise<NodeSpec | null>;
  /** @throws MvmError MVM_NODE_NOT_FOUND, MVM_API_REQUEST_INVALID */
  takeStatus(node: NodeId, delivery: StatusDelivery): Promise<StatusAnswer>;
  /** Removes what nodes report gone and brings back what the counts still want. */
  settle(): Promise<void>;
  /** Ends the holds whose time has come. */
  endHolds(): Promise<void>;
}

export function nodeService(deps: ServiceDeps): NodeService {
  const { store, clock, changes } = deps;

  const settle = (): Promise<void> =>
    deps.turns.take(async () => {
      try {
        if (!(await store.hasDestructions())) return;
        await replaceGone(deps);
        await removeGoneTenants(deps);
      } catch (error) {
        // The next status leads to the same decision again.
        deps.logger.error("settle.failed", {
          reason: "reconcile",
          error: messageOf(error),
          code: isMvmError(error) ? error.code : null,
        });
      }
    });

  return {
    settle,
    async list() {
      return (await store.readNodes()).map(nodeView);
    },
    async get(node) {
      return nodeView((await store.readNodeRows(node)).node);
    },
    async spec({ node, after, waitMs, signal }) {
      await waitUntil(async () => (await store.nodeGeneration(node)) !== after, { changes, clock, waitMs, signal });
      const rows = await store.readNodeRows(node);
      return rows.node.generation === after ? null : buildNodeSpec(rows, deps.settings.configHash);
    },
    async takeStatus(node, { status, audit }) {
      if (status.node !== node) {
        throw new MvmError("MVM_API_REQUEST_INVALID", {
          message: `the status of node '${status.node}' was delivered as that of '${node}'`,
          details: { node },
        });
      }
      const chains = await store.recordStatus({
        nodeId: node,
        status,
        receivedAt: isoTime(clock.nowMs()),
        entries: audit,
      });
      for (const { tenant_id: tenant, problem } of chains) {
        if (problem !== null) deps.logger.error("audit.refused", { node, tenant, problem });
      }
      changes.raise();
      await settle();
      return { generation: await store.nodeGeneration(node), chains: [...chains] };
    },
    async endHolds() {
      const context = auditContext(deps, "timer", null);
      const committed = await store.endHolds(context.at, (instance, hold) => holdEndedDraft(context, instance, hold));
      if (committed === null) return;
      changes.raise();
      deps.logger.info("holds.ended", { reason: "timer", generation: committed.generation });
    },
  };
}

async function replaceGone(deps: ServiceDeps): Promise<void> {
  const rows = await deps.store.readDesired();
  const gone = goneInstances(rows, await deps.store.readNodes());
  if (gone.length === 0) return;
  const left = { ...rows, instances: rows.instances.filter((instance) => !gone.includes(instance)) };
  const { removed, successors } = planReplacements(gone, left, planContext(deps, left));
  const context = auditContext(deps, "reconcile", null);
  const audit = [
    ...gone.map(({ tenantId, instanceId }) =>
      auditDraft(context, { event: "instance.removed", tenantId, instanceId, detail: "its node reports it gone" }),
    ),
    ...successors.instances.map(({ tenantId, instanceId }) =>
      auditDraft(context, {
        event: "plan.instance.create",
        tenantId,
        instanceId,
        detail: "its pool's counts want the number: new, with an empty data volume",
      }),
    ),
  ];
  await deps.store.replaceInstances({ expectedGeneration: rows.generation, removed, successors, audit });
  deps.changes.raise();
  deps.logger.info("instances.removed", {
    reason: "reconcile",
    instances: removed,
    successors: successors.instances.length,
  });
}

async function removeGoneTenants(deps: ServiceDeps): Promise<void> {
  const rows = await deps.store.readDesired();
  for (const tenantId of goneTenants(rows, await deps.store.readNodes())) {
    // The key first: after a crash in between the tenant is still there to be removed again.
    await deps.keys.eraseTenantKey(tenantId);
    const context = auditContext(deps, "reconcile", null);
    await deps.store.removeTenant(tenantId, [
      auditDraft(context, {
        event: "tenant.removed",
        tenantId,
        from: "destroying",
        detail: "no node has anything of it; network, secrets and key are erased",
      }),
    ]);
    deps.changes.raise();
    deps.logger.info("tenant.removed", { reason: "reconcile", tenant: tenantId });
  }
}
