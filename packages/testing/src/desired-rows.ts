/**
 * Rows of desired state for tests of the store and of the coordinator: tenants on subnets of their
 * own, pools of a small type, instances in them. Deterministic: equal calls give equal rows.
 */
import {
  instanceId,
  NodeId,
  PoolId,
  ResolvedType,
  RevisionId,
  SecretName,
  TenantId,
  type InstanceRow,
  type NodeStatus,
  type PoolRow,
  type SecretRow,
  type TenantRow,
} from "@mvm/core";

export const TEST_NODE = NodeId.parse("node-1");
export const TEST_TIME = "2026-11-21T12:00:00.000Z";

const FIRST_SUBNET = 0x0a400000;
const FIRST_UPLINK = 0x64400000;
const SUBNET_SIZE = 256;
const UPLINK_SIZE = 4;

/** The tenant on the `netId`-th subnet of 10.64.0.0/10. */
export function tenantRow(name: string, netId: number, change: Partial<TenantRow> = {}): TenantRow {
  return {
    tenantId: TenantId.parse(name),
    standing: "present",
    network: {
      tenantNetId: netId,
      subnetBase: FIRST_SUBNET + netId * SUBNET_SIZE,
      subnetPrefixLength: 24,
      uplinkBase: FIRST_UPLINK + netId * UPLINK_SIZE,
      namespace: `mvm-${netId}`,
      hostInterface: `mvmu${netId}`,
    },
    nextSlot: 10,
    egress: { policy: "deny" },
    model: null,
    connectors: {},
    secretsEpoch: 0,
    configVersion: 1,
    generation: 0,
    createdAt: TEST_TIME,
    ...change,
  };
}

export const testType: ResolvedType = ResolvedType.parse({
  role: "gateway",
  profile: "minimal",
  type_hash: "hash-of-gateway-minimal",
  required_drives: ["data", "secrets", "config"],
  optional_drives: [],
  expose_ingress: true,
  starts_before: ["worker"],
  guest_handlers: [],
  services: [],
  ports: [],
  secrets: [],
  connectors: {},
  min_mem_mib: 128,
  defaults: { vcpus: 1, mem_mib: 256, data_mib: 64 },
});

export function poolRow(tenant: string, pool: string, change: Partial<PoolRow> = {}): PoolRow {
  return {
    tenantId: TenantId.parse(tenant),
    poolId: PoolId.parse(pool),
    type: testType,
    revision: RevisionId.parse("0123456789abcdef"),
    resources: { vcpus: 1, mem_mib: 256, data_mib: 64 },
    running: 1,
    released: false,
    ...change,
  };
}

/** The instance of a pool with that number, at slot 10 unless said otherwise; its volume's UUID follows from id and slot. */
export function instanceRow(pool: PoolRow, number: number, change: Partial<InstanceRow> = {}): InstanceRow {
  const slot = change.slot ?? 10;
  const id = instanceId(pool.tenantId, pool.poolId, number);
  return {
    instanceId: id,
    tenantId: pool.tenantId,
    poolId: pool.poolId,
    number,
    nodeId: TEST_NODE,
    slot,
    volumeUuid: uuidOf(`${id}/${slot}`),
    ingressPort: null,
    wanted: "running",
    hold: null,
    generation: 0,
    createdAt: TEST_TIME,
    ...change,
  };
}

export function secretRow(tenant: string, name: string, change: Partial<SecretRow> = {}): SecretRow {
  return {
    tenantId: TenantId.parse(tenant),
    name: SecretName.parse(name),
    sealed: "c2VhbGVk",
    generated: true,
    epoch: 1,
    changedAt: TEST_TIME,
    ...change,
  };
}

/** A status of a node that holds nothing and has planned from `observedGeneration`. */
export function nodeStatus(observedGeneration: number, change: Partial<NodeStatus> = {}): NodeStatus {
  return {
    schema_version: 1,
    node: TEST_NODE,
    mode: "development",
    agent_version: "0.0.0",
    started_at: TEST_TIME,
    reported_at: TEST_TIME,
    config: { path: "/etc/mvm/mvm.toml", rule: "default", hash: "a".repeat(64) },
    observed_generation: observedGeneration,
    converged: true,
    driver: { name: "qemu", version: "7.2", acceleration: "emulated" },
    relaxations: [],
    alarms: [],
    capacity: { cpus: 4, mem_mib: 8192, allocated_mem_mib: 0 },
    tenants: [],
    network_conditions: [],
    instances: [],
    ...change,
  };
}

/** A UUID that is a function of `text`: digits of a simple 32-bit hash, repeated. */
function uuidOf(text: string): string {
  let hash = 0x811c9dc5;
  const words = Array.from({ length: 4 }, (_, index) => {
    for (const character of `${index}${text}`)
      hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
    return hash.toString(16).padStart(8, "0");
  });
  const [a = "", b = "", c = "", d = ""] = words;
  return `${a}-${b.slice(0, 4)}-4${b.slice(5)}-8${c.slice(1, 4)}-${c.slice(4)}${d}`;
}
