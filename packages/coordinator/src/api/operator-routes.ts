/** The operator API's routes bound to the services. No decisions here. */
import { InstanceId, MvmError, NodeId, operatorRoutes as routes, Secret, SecretName, TenantId } from "@mvm/core";
import { waitUntil } from "../change-signal.ts";
import type { Services } from "../services/services.ts";
import { noSuchTenant } from "../services/tenant-service.ts";
import { decodeParam, serveRead, serveWrite, type Serving } from "./serve-route.ts";

interface Watch {
  readonly query: { readonly after_revision: number; readonly wait_ms: number };
  readonly signal: AbortSignal;
}

export function serveOperatorApi(serving: Serving, services: Services): void {
  serveFleet(serving, services);
  serveTenants(serving, services);
  serveInstances(serving, services);
  serveNodesAndAudit(serving, services);
  serveSecrets(serving, services);
}

const tenantOf = (params: Readonly<Record<string, string>>): TenantId =>
  decodeParam(TenantId, params["tenant"], noSuchTenant);

/** The revision that an answer is at least as new as, once there is another one or the time is over. */
async function revisionAfter({ store, changes, clock }: Services["deps"], { query, signal }: Watch): Promise<number> {
  const { after_revision: after, wait_ms: waitMs } = query;
  await waitUntil(async () => (await store.revision()) !== after, { changes, clock, waitMs, signal });
  return store.revision();
}

function serveFleet(serving: Serving, { fleet }: Services): void {
  serveRead(serving, routes.getFleet, () => fleet.get());
  serveWrite(serving, routes.planFleet, ({ body }) => fleet.plan(body));
  serveWrite(serving, routes.applyFleet, ({ body }) => fleet.apply(body));
}

function serveTenants(serving: Serving, { deps, tenants }: Services): void {
  serveRead(serving, routes.listTenants, async (call) => ({
    revision: await revisionAfter(deps, call),
    tenants: await tenants.list(),
  }));
  serveRead(serving, routes.getTenant, async (call) => ({
    revision: await revisionAfter(deps, call),
    tenant: await tenants.get(tenantOf(call.params)),
  }));
  serveWrite(serving, routes.destroyTenant, ({ params, body }) => tenants.destroy(tenantOf(params), body.claimed_by));
  serveRead(serving, routes.listPools, async (call) => ({
    revision: await revisionAfter(deps, call),
    pools: await tenants.pools(call.query.tenant),
  }));
}

function serveInstances(serving: Serving, { deps, instances }: Services): void {
  const idOf = (params: Readonly<Record<string, string>>): InstanceId =>
    decodeParam(InstanceId, params["instance"], (value) => {
      throw new MvmError("MVM_INSTANCE_NOT_FOUND", {
        message: `there is no instance '${value}'`,
        details: { instance: value },
      });
    });
  serveRead(serving, routes.listInstances, async (call) => ({
    revision: await revisionAfter(deps, call),
    instances: await instances.list(call.query),
  }));
  serveRead(serving, routes.getInstance, async (call) => ({
    revision: await revisionAfter(deps, call),
    instance: await instances.get(idOf(call.params)),
  }));
  serveWrite(serving, routes.startInstance, ({ params, body }) =>
    instances.hold(idOf(params), "running", body.claimed_by),
  );
  serveWrite(serving, routes.stopInstance, ({ params, body }) =>
    instances.hold(idOf(params), "stopped", body.claimed_by),
  );
  serveWrite(serving, routes.destroyInstance, ({ params, body }) => instances.destroy(idOf(params), body.claimed_by));
}

function serveNodesAndAudit(serving: Serving, { deps, nodes }: Services): void {
  serveRead(serving, routes.listNodes, async (call) => ({
    revision: await revisionAfter(deps, call),
    nodes: await nodes.list(),
  }));
  serveRead(serving, routes.getNode, async (call) => ({
    revision: await revisionAfter(deps, call),
    node: await nodes.get(nodeOf(call.params)),
  }));
  serveRead(serving, routes.listAudit, async ({ query }) => {
    const records = await deps.store.readAudit(query);
    const last = records.at(-1);
    return {
      records: [...records],
      next_before: records.length < query.limit || last === undefined ? null : last.record,
    };
  });
}

function serveSecrets(serving: Serving, { secrets }: Services): void {
  serveRead(serving, routes.listSecrets, ({ params }) => secrets.list(tenantOf(params)));
  serveWrite(serving, routes.setSecret, ({ params, body }) => {
    const name = decodeParam(SecretName, params["name"], (value) => {
      throw new MvmError("MVM_SECRET_INVALID", {
        message: `'${value}' can't be a secret's name`,
        details: { name: value },
      });
    });
    return secrets.set({ tenant: tenantOf(params), name, value: new Secret(body.value), claimedBy: body.claimed_by });
  });
}

export function nodeOf(params: Readonly<Record<string, string>>): NodeId {
  return decodeParam(NodeId, params["node"], (value) => {
    throw new MvmError("MVM_NODE_NOT_FOUND", { message: `there is no node '${value}'`, details: { node: value } });
  });
}
