/** A tenant's secrets: listed without values, set sealed under the tenant's key. */
import {
  isoTime,
  MvmError,
  seal,
  secretContext,
  type DesiredRows,
  type Secret,
  type SecretName,
  type SecretView,
  type TenantId,
} from "@mvm/core";
import { auditDraft } from "../audit/drafts.ts";
import { secretViews } from "../views/fleet-views.ts";
import { auditContext, type ServiceDeps } from "./deps.ts";
import { noSuchTenant } from "./tenant-service.ts";

export interface SecretRequest {
  readonly tenant: TenantId;
  readonly name: SecretName;
  readonly value: Secret;
  readonly claimedBy: string;
}

export interface SecretService {
  /** @throws MvmError MVM_TENANT_NOT_FOUND */
  list(tenant: TenantId): Promise<{ readonly secrets_epoch: number; readonly secrets: SecretView[] }>;
  /** @throws MvmError MVM_TENANT_NOT_FOUND, MVM_TENANT_BEING_DESTROYED, MVM_SECRET_INVALID */
  set(request: SecretRequest): Promise<{ readonly secrets_epoch: number; readonly secret: SecretView }>;
}

export function secretService(deps: ServiceDeps): SecretService {
  const { store } = deps;

  async function list(tenant: TenantId) {
    const rows = await store.readDesired(tenant);
    const row = rows.tenants[0] ?? noSuchTenant(tenant);
    return { secrets_epoch: row.secretsEpoch, secrets: secretViews(rows.pools, await store.readSecrets(tenant)) };
  }

  return {
    list,
    set: (request) =>
      deps.turns.take(async () => {
        const { tenant, name } = request;
        await sealAndStore(deps, request);
        const { secrets_epoch, secrets } = await list(tenant);
        const secret = secrets.find((view) => view.name === name);
        if (secret === undefined)
          throw new MvmError("MVM_INTERNAL", { message: `the secret '${name}' of tenant '${tenant}' is gone again` });
        return { secrets_epoch, secret };
      }),
  };
}

async function sealAndStore(deps: ServiceDeps, { tenant, name, value, claimedBy }: SecretRequest): Promise<void> {
  const { store, keys, random } = deps;
  requireSettable(await store.readDesired(tenant), tenant, name);
  const sealed = seal(value, { key: await keys.tenantKey(tenant), context: secretContext(tenant, name) }, random);
  const audit = [
    auditDraft(auditContext(deps, "manual", claimedBy), { event: "secret.set", tenantId: tenant, detail: name }),
  ];
  await store.putSecret({ tenantId: tenant, name, sealed, at: isoTime(deps.clock.nowMs()), audit });
  deps.changes.raise();
  deps.logger.info("secret.set", { reason: "manual", tenant, name, claimed_by: claimedBy });
}

function requireSettable(rows: DesiredRows, tenant: TenantId, name: SecretName): void {
  const row = rows.tenants[0] ?? noSuchTenant(tenant);
  if (row.standing === "destroying")
    throw new MvmError("MVM_TENANT_BEING_DESTROYED", {
      message: `tenant '${tenant}' is being destroyed`,
      details: { tenant },
    });
  const names = [...new Set(rows.pools.flatMap(({ type }) => type.secrets.map((secret) => secret.name)))].sort();
  if (names.includes(name)) return;
  throw new MvmError("MVM_SECRET_INVALID", {
    message: `no type of tenant '${tenant}' sees a secret '${name}'`,
    remedy: names.length === 0 ? "Its types declare no secrets." : `Choose one of ${names.join(", ")}.`,
    details: { tenant, name, allowed: names },
  });
}
