/**
 * What stands on an instance's config and secrets drives: who it is, its network, and the files of
 * its handlers. Pure; the same order and secrets give the same files.
 */
import { MvmError, type Secret, type SecretName } from "@mvm/core";
import type { DriveFile } from "@mvm/build";
import { handlerFiles, INSTANCE_DOCUMENT_NAME, type InstanceDocument } from "@mvm/guest";
import type { StartOrder } from "../journal/operation-record.ts";

export interface DriveContents {
  readonly config: readonly DriveFile[];
  readonly secrets: readonly DriveFile[];
}

const NETWORK_ENV_NAME = "network.env";
/** What a shell reads as itself: the guest sources this file. */
const SAFE_VALUE = /^[a-z0-9.-]+$/;

/** @throws MvmError MVM_CONFIG_INVALID when the configuration lacks what a handler needs */
export function driveContents(order: StartOrder, secrets: ReadonlyMap<SecretName, Secret>): DriveContents {
  const { instance, tenant, type, peers } = order;
  const { instance_id, ipv4 } = instance;
  const handlers = handlerFiles({ instance_id, ipv4, type, tenant, secrets, peers });
  const config = [
    publicFile(INSTANCE_DOCUMENT_NAME, `${JSON.stringify(instanceDocument(order), null, 2)}\n`),
    publicFile(NETWORK_ENV_NAME, networkEnv(order)),
    ...handlers.config,
  ];
  return { config, secrets: handlers.secrets };
}

function instanceDocument({ tenant, pool, instance, type }: StartOrder): InstanceDocument {
  return {
    schema_version: 1,
    instance_id: instance.instance_id,
    tenant_id: tenant.tenant_id,
    pool_id: pool.pool_id,
    role: pool.role,
    profile: pool.profile,
    config_version: tenant.config_version,
    guest_handlers: type.guest_handlers,
    services: type.services,
    network: {
      address: instance.ipv4,
      prefix_length: prefixLength(tenant.network.ipv4_subnet),
      gateway: tenant.network.bridge_ipv4,
    },
  };
}

function networkEnv({ tenant, instance }: StartOrder): string {
  const values = {
    HOSTNAME: instance.instance_id,
    ADDRESS: instance.ipv4,
    PREFIX_LENGTH: String(prefixLength(tenant.network.ipv4_subnet)),
    GATEWAY: tenant.network.bridge_ipv4,
  };
  return Object.entries(values)
    .map(([name, value]) => `${name}=${safe(name, value)}\n`)
    .join("");
}

function safe(name: string, value: string): string {
  if (SAFE_VALUE.test(value)) return value;
  throw new MvmError("MVM_CONFIG_INVALID", { message: `${name} of an instance can't be ${JSON.stringify(value)}` });
}

function prefixLength(subnet: string): number {
  return Number(subnet.slice(subnet.indexOf("/") + 1));
}

/** Root's, readable by everybody in the guest. */
function publicFile(path: string, contents: string): DriveFile {
  return { path, contents, mode: 0o444, uid: 0, gid: 0 };
}
