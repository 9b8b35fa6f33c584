/**
 * The key store: one file per tenant, apart from every database, log and backup and from the state
 * directory, so that deleting one erases all that was sealed or encrypted under it, copies and backups
 * of those included (design §8).
 *
 * `<dir>/node.key` holds 32 random bytes; `<dir>/tenants/<tenant>.key` a tenant's key sealed under
 * it. All 0600, root. Keys never leave this module but as `Secret`.
 */
import { join } from "node:path";
import { MvmError } from "../errors/mvm-error.ts";
import type { TenantId } from "../ids.ts";
import type { Files } from "../ports/files.ts";
import type { Random } from "../ports/random.ts";
import { Secret } from "../secret.ts";
import { seal, unseal } from "./seal.ts";

const KEY_BYTES = 32;
const MAX_FILE_BYTES = 4096;
const KEY_SUFFIX = ".key";

export interface KeyStore {
  /** The tenant's key, made when it has none. Only the coordinator may call this. @throws MvmError MVM_KEY_MISSING */
  ensureTenantKey(tenant: TenantId): Promise<Secret>;
  /** Those that have a key, sorted. */
  tenants(): Promise<readonly string[]>;
  /** Makes nothing. @throws MvmError MVM_KEY_MISSING when the tenant's key or the node's is not there */
  tenantKey(tenant: TenantId): Promise<Secret>;
  /**
   * Erases the tenant's key: its data, snapshots and backups can't be opened any more. Durable when it
   * resolves. What a disk keeps of overwritten blocks (flash, copy on write) is beyond it.
   */
  eraseTenantKey(tenant: TenantId): Promise<void>;
}

export function openKeyStore(dir: string, ports: { readonly files: Files; readonly random: Random }): KeyStore {
  const { files, random } = ports;
  const nodeKeyPath = join(dir, "node.key");
  const tenantsDir = join(dir, "tenants");
  const tenantPath = (tenant: TenantId): string => join(tenantsDir, `${tenant}${KEY_SUFFIX}`);
  const contextOf = (tenant: TenantId): string => `key-store/tenant/${tenant}`;

  async function nodeKey(): Promise<Secret> {
    const existing = await files.read(nodeKeyPath, MAX_FILE_BYTES);
    if (existing === null) throw missing(`the node's key ${nodeKeyPath} is missing`);
    if (existing.length !== KEY_BYTES) throw missing(`the node's key ${nodeKeyPath} does not hold ${KEY_BYTES} bytes`);
    return new Secret(existing);
  }

  /** The node's key, made with the first tenant's: another one beside tenants' keys would open none of them. */
  async function ensureNodeKey(): Promise<Secret> {
    const isNew = (await files.stat(nodeKeyPath)) === null && (await files.list(tenantsDir)).length === 0;
    if (!isNew) return nodeKey();
    await files.ensureDir(tenantsDir, { mode: 0o700 });
    await files.ensureDir(dir, { mode: 0o700 });
    const key = random.bytes(KEY_BYTES);
    await files.writeAtomic(nodeKeyPath, key, { mode: 0o600 });
    return new Secret(key);
  }

  async function stored(tenant: TenantId): Promise<Secret | null> {
    const sealed = await files.read(tenantPath(tenant), MAX_FILE_BYTES);
    return sealed === null
      ? null
      : unseal(sealed.toString("utf8"), { key: await nodeKey(), context: contextOf(tenant) });
  }

  return {
    async ensureTenantKey(tenant) {
      const existing = await stored(tenant);
      if (existing !== null) return existing;
      const key = new Secret(random.bytes(KEY_BYTES));
      const sealed = seal(key, { key: await ensureNodeKey(), context: contextOf(tenant) }, random);
      await files.writeAtomic(tenantPath(tenant), sealed, { mode: 0o600 });
      return key;
    },
    async tenants() {
      const names = await files.list(tenantsDir);
      return names.filter((name) => name.endsWith(KEY_SUFFIX)).map((name) => name.slice(0, -KEY_SUFFIX.length));
    },
    async tenantKey(tenant) {
      const key = await stored(tenant);
      if (key === null) throw missing(`tenant '${tenant}' has no key in ${dir}`, { tenant });
      return key;
    },
    async eraseTenantKey(tenant) {
      await files.erase(tenantPath(tenant));
    },
  };
}

function missing(message: string, details: Readonly<Record<string, unknown>> = {}): MvmError {
  return new MvmError("MVM_KEY_MISSING", { message, details });
}
