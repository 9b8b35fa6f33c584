/**
 * What a handler's files are made from: the tenant's part of the node's spec, seen from one instance.
 * Filled in by the host's agent, which knows no application; read by the builders beside this file.
 */
import type { InstanceId, ResolvedType, Secret, SecretName, TenantSpec } from "@mvm/core";

/** Another instance of the same tenant. */
export interface HandlerPeerSpec {
  readonly instance_id: InstanceId;
  readonly ipv4: string;
  readonly type: Pick<ResolvedType, "guest_handlers" | "ports">;
}

export interface HandlerInput {
  readonly instance_id: InstanceId;
  readonly ipv4: string;
  readonly type: Pick<ResolvedType, "guest_handlers" | "ports" | "secrets" | "connectors">;
  readonly tenant: Pick<TenantSpec, "model" | "connectors">;
  /** The tenant's secrets as far as they are set; those that the type doesn't name are left out of its files. */
  readonly secrets: ReadonlyMap<SecretName, Secret>;
  readonly peers: readonly HandlerPeerSpec[];
}

/** A file of the config or secrets drive; the same shape as the drive writer's. */
export interface HandlerFile {
  readonly path: string;
  readonly contents: string | Uint8Array;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** What the tenant wanted of a connector, and what it lacks. */
export interface ConnectorMapping {
  readonly name: string;
  readonly enabled: boolean;
  readonly missing: readonly string[];
}

export interface HandlerFiles {
  readonly config: readonly HandlerFile[];
  readonly secrets: readonly HandlerFile[];
  readonly connectors: readonly ConnectorMapping[];
}
