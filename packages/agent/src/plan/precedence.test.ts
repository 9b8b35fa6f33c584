/** Who wins, cell by cell: the table of design §4 as far as it has rules. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { singlePoolSpec, testNodeSpec, type TestPool } from "@mvm/testing";
import type { ObservedInstance } from "./plan.ts";
import { decide, precedence } from "./precedence.ts";
import { troubleOf, type Trouble } from "./trouble.ts";
import { unseen, viewsOf, type InstanceView } from "./views.ts";

const NOW_MS = Date.parse("2026-01-01T00:00:00Z");
const FUTURE = "2026-01-01T00:30:00Z";
const PAST = "2025-12-31T23:30:00Z";

function viewOf(pool: Partial<TestPool>, seen: Partial<ObservedInstance> = {}): InstanceView {
  const spec = singlePoolSpec(pool);
  const [view] = viewsOf(spec, { instances: new Map(), networks: new Map() });
  assert.ok(view);
  return { ...view, seen: { ...unseen(view.seen.tenant), volumeUuid: view.instance.volume_uuid, ...seen } };
}

const hold = (wanted: "running" | "stopped", until: string | null = FUTURE): NonNullable<TestPool["hold"]> => ({
  kind: "hard",
  wanted,
  until,
});
const REFUSED = {
  refusal: { rule: "safety", code: "MVM_IMAGE_CORRUPTED", message: "broken", remedy: "build it" },
  recheckAtMs: NOW_MS + 1000,
};

const NOT_IN_PLACE: Trouble = troubleOf(new Error("refused"), { before: null, nowMs: NOW_MS, jitter: 0 });

interface Cell {
  readonly says: string;
  readonly pool: Partial<TestPool>;
  readonly seen?: Partial<ObservedInstance>;
  readonly networkFailure?: Trouble;
  readonly wish: string;
  readonly rule: string;
}

const cells: readonly Cell[] = [
  { says: "counts alone: running", pool: { wanted: ["running"] }, wish: "running", rule: "counts" },
  { says: "counts alone: stopped", pool: { wanted: ["stopped"] }, wish: "stopped", rule: "counts" },
  {
    says: "a hold over the counts: stopped",
    pool: { wanted: ["running"], hold: hold("stopped") },
    wish: "stopped",
    rule: "hold",
  },
  {
    says: "a hold over the counts: running",
    pool: { wanted: ["stopped"], hold: hold("running") },
    wish: "running",
    rule: "hold",
  },
  {
    says: "a hold without an end",
    pool: { wanted: ["stopped"], hold: hold("running", null) },
    wish: "running",
    rule: "hold",
  },
  {
    says: "a hold that has ended has no say",
    pool: { wanted: ["running"], hold: hold("stopped", PAST) },
    wish: "running",
    rule: "counts",
  },
  { says: "safety over the counts", pool: { memMib: 64, minMemMib: 128 }, wish: "stopped", rule: "safety" },
  { says: "safety: a required drive that has no size", pool: { dataMib: 0 }, wish: "stopped", rule: "safety" },
  {
    says: "safety over a hold",
    pool: { wanted: ["stopped"], hold: hold("running"), requiredSecrets: ["model.key"] },
    wish: "stopped",
    rule: "safety",
  },
  {
    says: "safety has no say where nobody wants it to run",
    pool: { wanted: ["stopped"], memMib: 64, minMemMib: 128 },
    wish: "stopped",
    rule: "counts",
  },
  {
    says: "safety stops nothing that runs",
    pool: { memMib: 64, minMemMib: 128 },
    seen: { state: "running" },
    wish: "running",
    rule: "counts",
  },
  {
    says: "what the host refused stays refused",
    pool: {},
    seen: { refused: REFUSED },
    wish: "stopped",
    rule: "safety",
  },
  {
    says: "until it is to be looked at anew",
    pool: {},
    seen: { refused: { ...REFUSED, recheckAtMs: NOW_MS } },
    wish: "running",
    rule: "counts",
  },
  {
    says: "another volume than the node holds",
    pool: {},
    seen: { volumeUuid: "00000000-0000-4000-8000-000000000000" },
    wish: "stopped",
    rule: "safety",
  },
  {
    says: "a network that is not in place",
    pool: {},
    networkFailure: NOT_IN_PLACE,
    wish: "stopped",
    rule: "safety",
  },
  {
    says: "a network that is not in place stops nothing that runs",
    pool: {},
    seen: { state: "running" },
    networkFailure: NOT_IN_PLACE,
    wish: "running",
    rule: "counts",
  },
  {
    says: "a destroyed one does not come back",
    pool: {},
    seen: { state: "destroyed" },
    wish: "stopped",
    rule: "safety",
  },
  { says: "destroy over the counts", pool: { wanted: ["destroyed"] }, wish: "destroyed", rule: "destroy" },
  {
    says: "destroy over a hold",
    pool: { wanted: ["destroyed"], hold: hold("running") },
    wish: "destroyed",
    rule: "destroy",
  },
  {
    says: "destroy over safety",
    pool: { wanted: ["destroyed"], memMib: 64, minMemMib: 128 },
    wish: "destroyed",
    rule: "destroy",
  },
];

describe("who wins", () => {
  for (const { says, pool, seen, networkFailure = null, wish, rule } of cells) {
    it(says, () => {
      const decision = decide({ ...viewOf(pool, seen), networkFailure }, NOW_MS);
      assert.deepEqual({ wish: decision.wish, rule: decision.rule }, { wish, rule });
      assert.equal(decision.refusal !== null, rule === "safety");
    });
  }

  it("has each rule once, strongest first", () => {
    assert.deepEqual(
      precedence.map(({ name }) => name),
      ["destroy", "safety", "hold", "counts"],
    );
  });

  it("says until when a hold decides, and who asked", () => {
    const decision = decide(viewOf({ hold: hold("stopped") }), NOW_MS);
    assert.deepEqual(
      { untilMs: decision.untilMs, claimedBy: decision.claimedBy },
      { untilMs: Date.parse(FUTURE), claimedBy: "root" },
    );
    assert.match(decision.reason, /held stopped by root until 2026-01-01 00:30 UTC/);
  });

  it("refuses an instance whose type the spec does not carry", () => {
    const spec = testNodeSpec({ tenants: { acme: { vm: { wanted: ["running"] } } } });
    const [view] = viewsOf({ ...spec, types: {} }, { instances: new Map(), networks: new Map() });
    assert.ok(view);
    assert.equal(decide(view, NOW_MS).refusal?.code, "MVM_TYPE_UNKNOWN");
  });
});
