/** When a data volume grows under its guest, cell by cell. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { singlePoolSpec, type TestPool } from "@mvm/testing";
import { growthOf, type Growth } from "./growths.ts";
import type { DecidedView } from "./order.ts";
import { decide } from "./precedence.ts";
import { unseen, viewsOf } from "./views.ts";

const NOW_MS = Date.parse("2026-01-01T00:00:00Z");

interface Cell {
  readonly says: string;
  /** What it was made from; default: what the spec says, with 64 MiB. */
  readonly made?: { readonly dataMib?: number; readonly typeHash?: string };
  readonly pool: Partial<TestPool>;
  /** Whether the journal holds a growth open. */
  readonly isOpen?: boolean;
  /** What it is to hold by an open growth that has touched nothing. */
  readonly untouchedMib?: number;
  /** Whether its role names no data drive. */
  readonly isWithout?: boolean;
  readonly growth: Growth;
}

const NOTHING: Growth = { move: null, pending: null };

const cells: readonly Cell[] = [
  {
    says: "the spec says more: now",
    pool: { dataMib: 128 },
    growth: { move: "grow", toMib: 128, text: "data volume 64 → 128 MiB" },
  },
  { says: "the spec says the same", pool: { dataMib: 64 }, growth: NOTHING },
  { says: "the spec says less: never smaller", pool: { dataMib: 32 }, growth: NOTHING },
  {
    says: "held: not before the hold ends",
    pool: { dataMib: 128, hold: { kind: "soft", wanted: "running", until: null } },
    growth: { move: null, pending: "data volume 64 → 128 MiB, put off by the hold" },
  },
  {
    says: "begun: to its end, even held, even if the spec says less by now",
    pool: { dataMib: 32, hold: { kind: "soft", wanted: "running", until: null } },
    isOpen: true,
    growth: { move: "resume" },
  },
  {
    says: "begun, nothing touched yet, the spec still says so: to its end",
    pool: { dataMib: 4_000_000 },
    isOpen: true,
    untouchedMib: 4_000_000,
    growth: { move: "resume" },
  },
  {
    says: "begun, nothing touched yet, the spec says what it holds by now: withdrawn",
    pool: { dataMib: 64 },
    isOpen: true,
    untouchedMib: 4_000_000,
    growth: { move: "withdraw", text: "data volume of 4000000 MiB not begun, the spec says 64 MiB" },
  },
  {
    says: "begun, nothing touched yet, the spec says something in between by now: withdrawn, even held",
    pool: { dataMib: 128, hold: { kind: "soft", wanted: "running", until: null } },
    isOpen: true,
    untouchedMib: 4_000_000,
    growth: { move: "withdraw", text: "data volume of 4000000 MiB not begun, the spec says 128 MiB" },
  },
  {
    says: "it has no volume yet: a drive comes with a start only",
    made: { dataMib: 0 },
    pool: { dataMib: 128 },
    growth: { move: null, pending: "a restart to get its data volume of 128 MiB" },
  },
  { says: "its role has no data drive", pool: { dataMib: 128 }, isWithout: true, growth: NOTHING },
  { says: "another type is to come by a restart", made: { typeHash: "old" }, pool: { dataMib: 128 }, growth: NOTHING },
];

function viewOf({ made = {}, pool: wanted, isOpen = false, untouchedMib, isWithout = false }: Cell): DecidedView {
  const [view] = viewsOf(singlePoolSpec(wanted), { instances: new Map(), networks: new Map() });
  assert.ok(view?.type);
  const { pool, tenant, type } = view;
  const { role, profile, type_hash, revision, resources } = pool;
  const madeFrom = {
    ...{ role, profile, revision, config_version: 1, secrets_epoch: 1, config_hash: "config-1", generation: 1 },
    type_hash: made.typeHash ?? type_hash,
    resources: { ...resources, data_mib: made.dataMib ?? 64 },
    guest_handlers: type.guest_handlers,
  };
  const open = isOpen ? ("grow" as const) : null;
  const seen = {
    ...unseen(tenant.tenant_id),
    state: "running" as const,
    madeFrom,
    open,
    untouchedGrowthMib: untouchedMib ?? null,
  };
  const running = { ...view, type: isWithout ? { ...type, required_drives: [] } : type, seen };
  return { ...running, decision: decide(running, NOW_MS) };
}

describe("the growth of a running instance's data volume", () => {
  for (const cell of cells) it(cell.says, () => assert.deepEqual(growthOf(viewOf(cell)), cell.growth));
});
