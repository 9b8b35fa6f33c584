import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { singlePoolSpec } from "@mvm/testing";
import { networkActions, networkHash, type NetworkPlan } from "./network-actions.ts";
import type { ObservedNetwork } from "./plan.ts";
import { troubleOf } from "./trouble.ts";
import { unseen, viewsOf } from "./views.ts";

const NOW_MS = Date.parse("2026-01-01T00:00:00Z");
const spec = singlePoolSpec();
const [view] = viewsOf(spec, { instances: new Map(), networks: new Map() });
assert.ok(view);
const { id, tenant } = view;

/** A failure whose next try is due `inMs` from now. */
function failedFor(inMs: number): ObservedNetwork["failed"] {
  const trouble = troubleOf(new Error("refused"), { before: null, nowMs: NOW_MS, jitter: 0 });
  return { ...trouble, retryAtMs: NOW_MS + inMs };
}

function planFor(network: Partial<ObservedNetwork>): NetworkPlan {
  const seen = { appliedHash: null, busy: false, failed: null, ...network };
  return networkActions(
    spec,
    {
      instances: new Map([[id, { ...unseen(tenant.tenant_id), state: "running" }]]),
      networks: new Map([[tenant.tenant_id, seen]]),
    },
    NOW_MS,
  );
}

const cases: readonly {
  readonly says: string;
  readonly network: Partial<ObservedNetwork>;
  readonly applies: boolean;
  readonly pending: boolean;
  readonly retryAtMs: number | null;
}[] = [
  { says: "never applied", network: {}, applies: true, pending: true, retryAtMs: null },
  {
    says: "as the spec says",
    network: { appliedHash: networkHash(tenant.network) },
    applies: false,
    pending: false,
    retryAtMs: null,
  },
  {
    says: "failed, not due yet",
    network: { failed: failedFor(1000) },
    applies: false,
    pending: true,
    retryAtMs: NOW_MS + 1000,
  },
  { says: "failed and due", network: { failed: failedFor(-1) }, applies: true, pending: true, retryAtMs: null },
  {
    says: "failed and being tried again: nothing to look at before that has ended",
    network: { busy: true, failed: failedFor(-1) },
    applies: false,
    pending: true,
    retryAtMs: null,
  },
];

describe("the network of running instances", () => {
  for (const { says, network, applies, pending, retryAtMs } of cases) {
    it(says, () => {
      const { actions, ...rest } = planFor(network);
      assert.deepEqual({ applies: actions.length === 1, ...rest }, { applies, pending, retryAtMs });
    });
  }
});
