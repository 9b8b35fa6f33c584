/**
 * A node that does at once whatever its spec says, over the coordinator's real API and without any
 * VM: for tests of what speaks to the coordinator. What an instance is to report instead of success
 * can be given.
 */
import { type InstanceStatus, nodeRoutes, type NodeSpec, type StatusDelivery, unixClient } from "@mvm/core";
import { nodeStatus, TEST_NODE, TEST_TIME } from "./desired-rows.ts";
import { instanceStatus } from "./instance-views.ts";

export interface ObedientNode {
  /** From now on these instances report this in place of success. */
  report(changes: Readonly<Record<string, Partial<InstanceStatus>>>): void;
  /** Whether it says of itself that there is more to do. */
  setBusy(isBusy: boolean): void;
  close(): Promise<void>;
}

export function startObedientNode(socketPath: string): ObedientNode {
  const client = unixClient(socketPath);
  const stop = new AbortController();
  let changes: Readonly<Record<string, Partial<InstanceStatus>>> = {};
  let busy = false;
  let hasNews = new AbortController();

  async function rounds(): Promise<void> {
    let generation = -1;
    let spec: NodeSpec | null = null;
    while (!stop.signal.aborted) {
      const signal = AbortSignal.any([stop.signal, hasNews.signal]);
      const query = { after: generation, wait_ms: 5000 };
      const answer = await client
        .call(nodeRoutes.getSpec, { params: { node: TEST_NODE }, query, signal })
        .catch(() => null);
      hasNews = new AbortController();
      spec = answer?.spec ?? spec;
      if (spec === null) continue;
      generation = spec.generation;
      const status = nodeStatus(generation, {
        converged: !busy,
        instances: statusesOf(spec, changes),
        tenants: spec.tenants
          .filter(({ pools }) => pools.some(({ instances }) => instances.some(({ wanted }) => wanted !== "destroyed")))
          .map(({ tenant_id: id }) => id),
      });
      const body: StatusDelivery = { status, audit: [] };
      await client.call(nodeRoutes.putStatus, { params: { node: TEST_NODE }, body }).catch(() => null);
    }
  }

  const running = rounds();
  return {
    report(next) {
      changes = next;
      hasNews.abort();
    },
    setBusy(isBusy) {
      busy = isBusy;
      hasNews.abort();
    },
    async close() {
      stop.abort();
      await running;
    },
  };
}

function statusesOf(spec: NodeSpec, changes: Readonly<Record<string, Partial<InstanceStatus>>>): InstanceStatus[] {
  return spec.tenants.flatMap((tenant) =>
    tenant.pools.flatMap((pool) =>
      pool.instances.flatMap((instance) => {
        const goal = instance.wanted === "destroyed" ? "destroyed" : (instance.hold?.wanted ?? instance.wanted);
        if (goal === "destroyed") return [];
        const own = {
          instance_id: instance.instance_id,
          tenant_id: tenant.tenant_id,
          role: pool.role,
          profile: pool.profile,
          ipv4: instance.ipv4,
          ingress_port: instance.ingress_port,
        };
        const stopped = { state: "stopped" as const, guest: null, uid: null, pid: null, entered_at: TEST_TIME };
        return [instanceStatus({ ...own, ...(goal === "stopped" ? stopped : {}), ...changes[instance.instance_id] })];
      }),
    ),
  );
}
