/**
 * Properties of the planner over any spec and any observation: deterministic, within its limits, in
 * the declared order, and at its end empty.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  NO_MEM_OVERHEAD,
  type InstanceId,
  type InstanceState,
  type NodeSpec,
  type TenantId,
  type TenantSpec,
} from "@mvm/core";
import { testNodeSpec, type TestPool, type TestWish } from "@mvm/testing";
import fc from "fast-check";
import { operationKinds } from "../journal/operation-record.ts";
import { networkHash } from "./network-actions.ts";
import { planNode } from "./plan-node.ts";
import type { Action, Observed, ObservedInstance, ObservedNetwork, Plan, PlanPolicy } from "./plan.ts";
import { troubleOf } from "./trouble.ts";
import { viewsOf } from "./views.ts";

const NOW_MS = Date.parse("2026-01-01T00:00:00Z");
const POLICY: PlanPolicy = {
  parallelStarts: 2,
  bootWindowMs: 60_000,
  guestMemMib: 1536,
  memOverhead: NO_MEM_OVERHEAD,
};
const RUNS = { numRuns: Number(process.env["MVM_PROPERTY_RUNS"] ?? 400) };

const wish = fc.constantFrom<TestWish>("running", "stopped", "destroyed");
const hold = fc.record({
  kind: fc.constantFrom("hard" as const, "soft" as const),
  wanted: fc.constantFrom("running" as const, "stopped" as const),
  until: fc.constantFrom("2026-01-01T01:00:00Z", "2025-12-31T00:00:00Z", null),
});
const pool = (startsBefore: readonly string[]): fc.Arbitrary<TestPool> =>
  fc
    .record({
      wanted: fc.array(wish, { maxLength: 3 }),
      startsBefore: fc.constant(startsBefore),
      memMib: fc.constantFrom(256, 512),
      minMemMib: fc.constantFrom(64, 64, 384),
      dataMib: fc.constantFrom(64, 64, 128),
      revision: fc.constantFrom("0000000000000001", "0000000000000002"),
      hold: fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: hold }),
    })
    .map(({ hold: held, ...rest }) => (held === undefined ? rest : { ...rest, hold: held }));

const spec = fc
  .array(fc.record({ gw: pool(["wk"]), wk: pool([]) }), { minLength: 1, maxLength: 2 })
  .map((tenants) => testNodeSpec({ tenants: Object.fromEntries(tenants.map((pools, index) => [`t${index}`, pools])) }));

const seen = fc.record({
  state: fc.constantFrom<InstanceState>("stopped", "starting", "running", "stopping", "destroying", "destroyed"),
  isOpen: fc.boolean(),
  isBusy: fc.boolean(),
  vmLost: fc.boolean(),
  ready: fc.boolean(),
  isFresh: fc.boolean(),
  failedFor: fc.option(fc.integer({ min: -60_000, max: 60_000 })),
  isFinal: fc.boolean(),
  dataMib: fc.constantFrom<number>(64, 128),
  untouchedGrowthMib: fc.option(fc.constantFrom<number>(64, 128, 256)),
  revision: fc.constantFrom<string>("0000000000000001", "0000000000000002"),
});
type Seen = typeof seen extends fc.Arbitrary<infer Value> ? Value : never;

const networkLook = fc.record({
  isApplied: fc.boolean(),
  isBusy: fc.boolean(),
  failedFor: fc.option(fc.integer({ min: -60_000, max: 60_000 })),
});
type SeenNetwork = typeof networkLook extends fc.Arbitrary<infer Value> ? Value : never;

/** An observation that can be: what is in between has an open operation, only what runs can be ready. */
function observe(target: NodeSpec, seens: readonly Seen[], networks: readonly SeenNetwork[]): Observed {
  const views = viewsOf(target, { instances: new Map(), networks: new Map() });
  const known = views.flatMap((view, index): [InstanceId, ObservedInstance][] => {
    const look = seens[index];
    return look === undefined ? [] : [[view.id, observed(view, look)]];
  });
  const seenNetworks = target.tenants.flatMap((tenant, index): [TenantId, ObservedNetwork][] => {
    const look = networks[index];
    return look === undefined ? [] : [[tenant.tenant_id, observedNetwork(tenant, look)]];
  });
  return { instances: new Map(known), networks: new Map(seenNetworks) };
}

function observedNetwork(tenant: TenantSpec, { isApplied, isBusy, failedFor }: SeenNetwork): ObservedNetwork {
  const trouble = troubleOf(new Error("refused"), { before: null, nowMs: NOW_MS, jitter: 0 });
  return {
    appliedHash: isApplied ? networkHash(tenant.network) : null,
    busy: isBusy,
    failed: failedFor === null || isApplied ? null : { ...trouble, retryAtMs: NOW_MS + failedFor },
  };
}

function observed(view: ReturnType<typeof viewsOf>[number], look: Seen): ObservedInstance {
  const { tenant, pool: from, instance, type } = view;
  const passing = { starting: "start", stopping: "stop", destroying: "destroy" } as const;
  const kind =
    look.state in passing
      ? passing[look.state as keyof typeof passing]
      : look.isOpen && look.state === "stopped"
        ? "release"
        : look.isOpen && look.state === "running"
          ? "grow"
          : null;
  const { role, profile, type_hash } = from;
  const resources = { ...from.resources, data_mib: look.dataMib };
  const made = { role, profile, type_hash, resources, revision: look.revision as typeof from.revision };
  return {
    tenant: tenant.tenant_id,
    state: look.state,
    enteredAtMs: NOW_MS - (look.isFresh ? 1_000 : 120_000),
    volumeUuid: instance.volume_uuid,
    madeFrom: {
      ...made,
      config_version: 1,
      secrets_epoch: 1,
      config_hash: "config-1",
      generation: 1,
      guest_handlers: type?.guest_handlers ?? [],
    },
    open: kind,
    untouchedGrowthMib: kind === "grow" ? look.untouchedGrowthMib : null,
    busy: look.isBusy ? kind : null,
    vmLost: look.vmLost && look.state === "running",
    ready: look.ready && look.state === "running" && !look.vmLost,
    failed:
      look.failedFor === null
        ? null
        : {
            operation: kind ?? "start",
            message: "failed",
            // Only a start is given up, and only when it was taken back.
            retryAtMs: look.isFinal && look.state === "stopped" && kind === null ? null : NOW_MS + look.failedFor,
          },
    refused: null,
  };
}

const situation = fc
  .tuple(spec, fc.array(seen, { maxLength: 12 }), fc.array(networkLook, { maxLength: 2 }))
  .map(([target, seens, networks]) => ({ target, observation: observe(target, seens, networks) }));

function plan(target: NodeSpec, observation: Observed, nowMs = NOW_MS): Plan {
  return planNode({ spec: target, observed: observation, policy: POLICY, nowMs });
}

function idsOf(actions: readonly Action[]): readonly string[] {
  return actions.flatMap((action) => ("id" in action ? [action.id] : []));
}

describe("the planner", () => {
  it("gives the same plan for the same input, in whatever order it was observed", () => {
    fc.assert(
      fc.property(situation, ({ target, observation }) => {
        const turned = { ...observation, instances: new Map([...observation.instances].toReversed()) };
        assert.deepEqual(plan(target, observation), plan(target, turned));
      }),
      RUNS,
    );
  });

  it("gives an instance one action at most, and one that is worked on none but an interrupt", () => {
    fc.assert(
      fc.property(situation, ({ target, observation }) => {
        const { actions } = plan(target, observation);
        assert.equal(new Set(idsOf(actions)).size, idsOf(actions).length);
        for (const action of actions) {
          const isBusy = "id" in action && (observation.instances.get(action.id)?.busy ?? null) !== null;
          assert.equal(action.kind === "interrupt", isBusy);
        }
      }),
      RUNS,
    );
  });

  it("never asks to be looked at again at a time that has passed", () => {
    fc.assert(
      fc.property(situation, ({ target, observation }) => {
        const { nextCheckAtMs } = plan(target, observation);
        assert.ok(nextCheckAtMs === null || nextCheckAtMs > NOW_MS);
      }),
      RUNS,
    );
  });

  it("grows only what runs, is to run on, and is not restarted for something else", () => {
    fc.assert(
      fc.property(situation, ({ target, observation }) => {
        const { actions, decisions } = plan(target, observation);
        for (const action of actions.filter(({ kind }) => kind === "grow")) {
          assert.ok("id" in action && decisions.get(action.id)?.wish === "running");
          const seenNow = observation.instances.get(action.id);
          assert.deepEqual([seenNow?.state, seenNow?.vmLost, seenNow?.open], ["running", false, null]);
        }
      }),
      RUNS,
    );
  });

  it("withdraws a growth only where it has touched nothing and the spec says another size", () => {
    fc.assert(
      fc.property(situation, ({ target, observation }) => {
        const views = new Map(viewsOf(target, observation).map((view) => [view.id, view]));
        for (const action of plan(target, observation).actions.filter(({ kind }) => kind === "withdraw")) {
          const view = "id" in action ? views.get(action.id) : undefined;
          assert.ok(view !== undefined && view.seen.untouchedGrowthMib !== null);
          assert.notEqual(view.seen.untouchedGrowthMib, view.pool.resources.data_mib);
          assert.deepEqual([view.seen.state, view.seen.open, view.seen.busy], ["running", "grow", null]);
        }
      }),
      RUNS,
    );
  });

  it("repeats no start that can't succeed", () => {
    fc.assert(
      fc.property(situation, ({ target, observation }) => {
        for (const action of plan(target, observation).actions) {
          const failed = action.kind === "start" ? observation.instances.get(action.id)?.failed : null;
          assert.notEqual(failed?.retryAtMs, null);
        }
      }),
      RUNS,
    );
  });

  it("never starts more than there are places and memory for", () => {
    fc.assert(
      fc.property(situation, ({ target, observation }) => {
        const starts = plan(target, observation).actions.filter(({ kind }) => kind === "start").length;
        const booting = [...observation.instances.values()].filter(
          ({ state, busy }) => state === "starting" || busy === "start",
        ).length;
        assert.ok(starts === 0 || starts + booting <= POLICY.parallelStarts);
      }),
      RUNS,
    );
  });

  it("starts nothing before what it waits for is ready", () => {
    fc.assert(
      fc.property(situation, ({ target, observation }) => {
        const { actions, decisions } = plan(target, observation);
        for (const action of actions) {
          if (action.kind !== "start" || action.order.pool.role !== "wk") continue;
          for (const view of viewsOf(target, observation)) {
            const isGateway = view.tenant.tenant_id === action.order.tenant.tenant_id && view.pool.role === "gw";
            if (isGateway && decisions.get(view.id)?.wish === "running") assert.ok(view.seen.ready);
          }
        }
      }),
      RUNS,
    );
  });

  it("does not touch an instance that is as its hold says", () => {
    fc.assert(
      fc.property(situation, ({ target, observation }) => {
        const touched = new Set(idsOf(plan(target, observation).actions));
        for (const view of viewsOf(target, observation)) {
          const { hold: held, wanted } = view.instance;
          const isHeld =
            held !== null && (held.until === null || Date.parse(held.until) > NOW_MS) && wanted !== "destroyed";
          const isAsHeld = held?.wanted === view.seen.state && view.seen.open === null && !view.seen.vmLost;
          if (isHeld && isAsHeld) assert.ok(!touched.has(view.id), `${view.id} is held ${held.wanted}`);
        }
      }),
      RUNS,
    );
  });

  it("converges from anywhere, and the plan of what is as it should be is empty", () => {
    fc.assert(
      fc.property(situation, ({ target, observation }) => {
        let now = NOW_MS;
        let world = observation;
        for (let round = 0; round < 100; round += 1) {
          const next = plan(target, world, now);
          if (next.converged) return assert.deepEqual(next.actions, []);
          const isStuck =
            next.actions.length === 0 &&
            next.nextCheckAtMs === null &&
            ![...world.instances.values(), ...world.networks.values()].some(
              ({ busy }) => busy !== null && busy !== false,
            );
          if (isStuck)
            return assert.ok(
              [...next.decisions.values()].some(({ refusal }) => refusal !== null) ||
                [...world.instances.values()].some(({ failed }) => failed?.retryAtMs === null),
              "only a refusal or a failure for good may end it",
            );
          now = Math.max(now, next.nextCheckAtMs ?? now);
          world = carriedOut(world, next.actions, target);
        }
        assert.fail("it goes on and on");
      }),
      RUNS,
    );
  });

  it("knows every kind of operation", () => {
    assert.deepEqual([...operationKinds], ["start", "stop", "grow", "destroy", "release"]);
  });
});

/** The world after all that is under way and all that was planned went well. */
function carriedOut(world: Observed, actions: readonly Action[], target: NodeSpec): Observed {
  const instances = new Map([...world.instances].map(([id, instance]) => [id, grown(instance)]));
  const networks = new Map(
    target.tenants.map(({ tenant_id, network }) => [
      tenant_id,
      { appliedHash: networkHash(network), busy: false, failed: null },
    ]),
  );
  for (const action of actions) {
    if (action.kind === "apply-network") continue;
    const before = instances.get(action.id);
    if (action.kind === "forget") instances.delete(action.id);
    else if (action.kind === "start") instances.set(action.id, started(target, action));
    else if (before !== undefined && action.kind === "grow") instances.set(action.id, holding(before, action.dataMib));
    else if (before !== undefined && action.kind === "withdraw") instances.set(action.id, withoutGrowth(before));
    else if (before !== undefined && action.kind === "resume") instances.set(action.id, ended(before));
    else if (before !== undefined && action.kind !== "interrupt")
      instances.set(action.id, settled(before, action.kind === "destroy" ? "destroyed" : "stopped"));
    else if (action.kind === "destroy") instances.set(action.id, settled(started(target, action), "destroyed"));
  }
  return { instances, networks };
}

/** As it is when everything goes well for a while: work ends, guests become ready. */
function grown(instance: ObservedInstance): ObservedInstance {
  const done = instance.busy === null ? instance : ended(instance);
  return { ...done, ready: done.state === "running" && !done.vmLost };
}

function started(target: NodeSpec, { id }: { readonly id: InstanceId }): ObservedInstance {
  const view = viewsOf(target, { instances: new Map(), networks: new Map() }).find((candidate) => candidate.id === id);
  assert.ok(view);
  const look: Seen = {
    state: "running",
    isOpen: false,
    isBusy: false,
    vmLost: false,
    ready: true,
    isFresh: false,
    failedFor: null,
    isFinal: false,
    dataMib: view.pool.resources.data_mib,
    untouchedGrowthMib: null,
    revision: view.pool.revision,
  };
  return observed(view, look);
}

function ended(instance: ObservedInstance): ObservedInstance {
  if (instance.open === "grow") return withoutGrowth(instance);
  if (instance.open === "start") return { ...settled(instance, "running"), ready: true };
  return settled(instance, instance.open === "destroy" ? "destroyed" : "stopped");
}

function withoutGrowth(instance: ObservedInstance): ObservedInstance {
  return { ...instance, open: null, untouchedGrowthMib: null, busy: null, failed: null };
}

function holding(instance: ObservedInstance, dataMib: number): ObservedInstance {
  const made = instance.madeFrom;
  assert.ok(made !== null && made.resources.data_mib < dataMib, "nothing is ever made smaller");
  return { ...instance, madeFrom: { ...made, resources: { ...made.resources, data_mib: dataMib } }, failed: null };
}

function settled(instance: ObservedInstance, state: InstanceState): ObservedInstance {
  return {
    ...instance,
    state,
    open: null,
    untouchedGrowthMib: null,
    busy: null,
    vmLost: false,
    ready: false,
    failed: null,
  };
}
