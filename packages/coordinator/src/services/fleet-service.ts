/** The fleet: shown, planned and applied. The doing around `fleet/`, which decides. */
import {
  isoTime,
  MvmError,
  Secret,
  seal,
  type DesiredRows,
  type FleetApplyAnswer,
  type FleetApplyRequest,
  type FleetPlan,
  type FleetRequest,
  type FleetRow,
  type FleetView,
  type SecretRow,
  secretContext,
} from "@mvm/core";
import { fleetDrafts } from "../audit/drafts.ts";
import { checkAgainstRows, checkCapacity } from "../fleet/check-against-rows.ts";
import { planFleet, type FleetDecision } from "../fleet/plan-fleet.ts";
import { refuseProblems } from "../fleet/problems.ts";
import { resolveFleet } from "../fleet/resolve-fleet.ts";
import { sameValue } from "../fleet/same-value.ts";
import { auditContext, decideAndCommit, planContext, type ServiceDeps } from "./deps.ts";

const GENERATED_SECRET_BYTES = 32;

export interface FleetService {
  get(): Promise<FleetView>;
  plan(request: FleetRequest): Promise<FleetPlan>;
  apply(request: FleetApplyRequest): Promise<FleetApplyAnswer>;
}

export function fleetService(deps: ServiceDeps): FleetService {
  const { store } = deps;
  return {
    async get() {
      const row = await store.readFleet();
      return {
        version: row.version,
        source_hash: row.sourceHash,
        applied_at: row.appliedAt,
        applied_by: row.appliedBy,
        fleet: row.fleet,
      };
    },
    async plan(request) {
      const { before, decision } = await decide(deps, request);
      return { from_version: before.version, changes: [...decision.changes] };
    },
    apply: (request) => deps.turns.take(() => decideAndCommit(() => apply(deps, request))),
  };
}

interface Decided {
  readonly before: FleetRow;
  readonly rows: DesiredRows;
  readonly decision: FleetDecision;
}

/** @throws MvmError with every problem of the fleet; MVM_NET_EXHAUSTED */
async function decide(deps: ServiceDeps, request: FleetRequest): Promise<Decided> {
  const { settings, store } = deps;
  const before = await store.readFleet();
  const rows = await store.readDesired();
  const secrets = await store.readSecrets();
  const nodes = await store.readNodes();
  const node = nodes.find(({ nodeId }) => nodeId === settings.node) ?? null;
  const context = {
    microvms: settings.microvms,
    images: await deps.images.list(),
    acceptedKinds: settings.acceptedImages,
  };
  const { tenants, problems } = resolveFleet(request.fleet, context);
  refuseProblems([...problems, ...checkAgainstRows(tenants, rows, nodes), ...checkCapacity(tenants, node)]);
  return { before, rows, decision: planFleet(tenants, { rows, secrets }, planContext(deps, rows)) };
}

async function apply(deps: ServiceDeps, request: FleetApplyRequest): Promise<FleetApplyAnswer> {
  const { before, rows, decision } = await decide(deps, request);
  if (request.expected_version !== null && request.expected_version !== before.version) {
    throw new MvmError("MVM_FLEET_CONFLICT", {
      message: `the fleet is at version ${before.version}, not at ${request.expected_version}`,
      details: { version: before.version, expected_version: request.expected_version },
    });
  }
  if (!isUnchanged(before, request, decision)) await commit(deps, { request, before, rows, decision });
  const after = await deps.store.readFleet();
  const nodes = await deps.store.readNodes();
  return {
    plan: { from_version: before.version, changes: [...decision.changes] },
    version: after.version,
    generations: nodes.map(({ nodeId, generation }) => ({ node: nodeId, generation })),
  };
}

/** Whether the very same file was applied last and means the same still. */
function isUnchanged(before: FleetRow, request: FleetApplyRequest, { rows }: FleetDecision): boolean {
  const changed = rows.tenants.length + rows.pools.length + rows.instances.length;
  return changed === 0 && before.sourceHash === request.source_hash && sameValue(before.fleet, request.fleet);
}

async function commit(deps: ServiceDeps, decided: Decided & { readonly request: FleetApplyRequest }): Promise<void> {
  const { request, before, rows, decision } = decided;
  const context = auditContext(deps, "manual", request.claimed_by);
  // A tenant's key is there before anybody can see the tenant.
  for (const { tenantId } of decision.rows.tenants) await deps.keys.ensureTenantKey(tenantId);
  await deps.store.applyFleet({
    ...decision.rows,
    expectedGeneration: rows.generation,
    expectedVersion: before.version,
    fleet: request.fleet,
    sourceHash: request.source_hash,
    appliedAt: context.at,
    appliedBy: request.claimed_by,
    secrets: await makeSecrets(deps, decision),
    audit: fleetDrafts(context, decision.changes, request.source_hash),
  });
  deps.changes.raise();
  deps.logger.info("fleet.applied", {
    reason: "manual",
    changes: decision.changes.length,
    claimed_by: request.claimed_by,
  });
}

async function makeSecrets(deps: ServiceDeps, { secretsToMake }: FleetDecision): Promise<SecretRow[]> {
  const made: SecretRow[] = [];
  for (const { tenantId, name, epoch } of secretsToMake) {
    const key = await deps.keys.tenantKey(tenantId);
    const value = new Secret(deps.random.bytes(GENERATED_SECRET_BYTES).toString("base64url"));
    const sealed = seal(value, { key, context: secretContext(tenantId, name) }, deps.random);
    made.push({ tenantId, name, sealed, generated: true, epoch, changedAt: isoTime(deps.clock.nowMs()) });
  }
  return made;
}
