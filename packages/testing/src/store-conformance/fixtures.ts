/**
 * What the cases of the store's conformance suite start from: one applied tenant, drafts of audit
 * entries, an agent's chain.
 */
import {
  chainEntry,
  Fleet,
  InstanceId,
  isMvmError,
  TenantId,
  type AuditDraft,
  type AuditEntry,
  type ChangedRows,
  type CoordinatorDraft,
  type ErrorCode,
  type FleetCommit,
  type Hold,
  type Store,
} from "@mvm/core";
import { instanceRow, poolRow, secretRow, TEST_NODE, TEST_TIME, tenantRow } from "../desired-rows.ts";

/** One case: what the store does, and the proof on an empty store of its own. */
export type StoreCase = readonly [what: string, body: (store: Store, under: StoreUnderTest) => Promise<void>];

/** A store for one test. `reopen` closes it and opens what it left behind; null where nothing outlives it. */
export interface StoreUnderTest {
  readonly store: Store;
  readonly reopen: (() => Promise<Store>) | null;
  readonly cleanUp: () => Promise<void>;
}

export const acme = TenantId.parse("acme");
export const acmeGw0 = InstanceId.parse("acme-gw-0");
export const hold: Hold = {
  kind: "hard",
  wanted: "stopped",
  until: "2026-11-21T12:30:00.000Z",
  by: "root",
  since: TEST_TIME,
};

export const draft = (event: string, tenant: TenantId | null = null): CoordinatorDraft => ({
  at: TEST_TIME,
  tenant_id: tenant,
  instance_id: null,
  event,
  from: null,
  to: null,
  cause: "manual",
  claimed_by: "root",
  config_hash: "c".repeat(64),
  revision: null,
  detail: event,
});

export const noRows: ChangedRows = {
  tenants: [],
  pools: [],
  instances: [],
  counters: { nextTenantNetId: 1, nextIngressPort: 0 },
};

export async function fleetCommit(store: Store, change: Partial<FleetCommit> = {}): Promise<FleetCommit> {
  return {
    ...noRows,
    expectedGeneration: (await store.readDesired()).generation,
    expectedVersion: (await store.readFleet()).version,
    fleet: Fleet.parse({ schema_version: 1 }),
    sourceHash: "f".repeat(64),
    appliedAt: TEST_TIME,
    appliedBy: "root",
    secrets: [],
    audit: [draft("fleet.apply")],
    ...change,
  };
}

/** Applies a tenant `acme` with one gateway and one secret. */
export async function applyAcme(store: Store) {
  await store.ensureNode(TEST_NODE);
  const pool = poolRow("acme", "gw");
  return store.applyFleet(
    await fleetCommit(store, {
      fleet: Fleet.parse({ schema_version: 1, tenants: [{ tenant_id: "acme", pools: [] }] }),
      tenants: [tenantRow("acme", 1, { nextSlot: 11 })],
      pools: [pool],
      instances: [instanceRow(pool, 0, { slot: 10, ingressPort: 18800 })],
      secrets: [secretRow("acme", "gateway.token")],
      counters: { nextTenantNetId: 2, nextIngressPort: 18801 },
      audit: [draft("fleet.apply"), draft("plan.tenant.create", acme)],
    }),
  );
}

export const withCode = (code: ErrorCode) => (error: unknown) => isMvmError(error, code);

/** `count` entries of an agent's chain, the chain of `acme` from its beginning unless said otherwise. */
export function agentEntries(
  count: number,
  {
    after = null,
    tenant = acme,
    writer = TEST_NODE,
  }: { after?: AuditEntry | null; tenant?: TenantId | null; writer?: string } = {},
): AuditEntry[] {
  const entries: AuditEntry[] = [];
  let last = after;
  for (let index = 0; index < count; index += 1) {
    const body: AuditDraft = {
      ...draft("instance.start", tenant),
      writer,
      generation: 1,
      cause: "reconcile",
    };
    last = chainEntry(body, last);
    entries.push(last);
  }
  return entries;
}
