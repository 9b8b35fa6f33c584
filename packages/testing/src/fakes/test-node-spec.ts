/** Node specs for tests: tenants with pools of simple types, with addresses as the coordinator gives them. Pure. */
import { hashOf, instanceId, NodeSpec, PoolId, sha256, TenantId, type ResolvedType } from "@mvm/core";

export type TestWish = "running" | "stopped" | "destroyed";

export interface TestPool {
  /** What is wanted of its instances, from number 0. */
  readonly wanted: readonly TestWish[];
  /** Default: the pool's name. */
  readonly role?: string;
  readonly startsBefore?: readonly string[];
  readonly memMib?: number;
  /** 0: no data drive. */
  readonly dataMib?: number;
  readonly minMemMib?: number;
  /** Of its profile. */
  readonly limits?: ResolvedType["limits"];
  readonly revision?: string;
  readonly handlers?: readonly string[];
  readonly requiredSecrets?: readonly string[];
  /** First loopback port of its instances. */
  readonly ingressPort?: number;
  readonly hold?: {
    readonly kind: "hard" | "soft";
    readonly wanted: "running" | "stopped";
    readonly until: string | null;
  };
}

export interface TestSpec {
  readonly generation?: number;
  /** Tenants by name, each with its pools by name. */
  readonly tenants: Readonly<Record<string, Readonly<Record<string, TestPool>>>>;
  /** Sealed values by tenant and name. */
  readonly secrets?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Distinguishes the volumes of instances that are made anew under old names. */
  readonly volumes?: string;
}

const FIRST_SLOT = 10;

/** A gateway and a worker that starts after it and pairs with it. */
export function testPair(
  change: { readonly gw?: Partial<TestPool>; readonly wk?: Partial<TestPool> } = {},
): Readonly<Record<string, TestPool>> {
  return {
    gw: {
      wanted: ["running"],
      startsBefore: ["wk"],
      handlers: ["openclaw.gateway"],
      ingressPort: 18_800,
      ...change.gw,
    },
    wk: { wanted: ["running"], handlers: ["openclaw.node"], ...change.wk },
  };
}

/** One tenant, acme, with one pool, vm: its first instance is acme-vm-0. */
export function singlePoolSpec(pool: Partial<TestPool> = {}, generation = 1): NodeSpec {
  return testNodeSpec({ generation, tenants: { acme: { vm: { wanted: ["running"], ...pool } } } });
}

export function testNodeSpec(test: TestSpec): NodeSpec {
  const types = Object.values(test.tenants).flatMap((pools) =>
    Object.entries(pools).map(([name, pool]) => typeOf(name, pool)),
  );
  return NodeSpec.parse({
    schema_version: 1,
    node: "node-1",
    generation: test.generation ?? 1,
    config_hash: "config-1",
    types: Object.fromEntries(types.map((type) => [type.type_hash, type])),
    tenants: Object.entries(test.tenants).map(([name, pools], index) =>
      tenantOf({ name, index: index + 1, pools, test }),
    ),
  });
}

function tenantOf(given: {
  name: string;
  index: number;
  pools: Readonly<Record<string, TestPool>>;
  test: TestSpec;
}): unknown {
  const { name, index, pools, test } = given;
  let slot = FIRST_SLOT;
  return {
    tenant_id: name,
    network: {
      tenant_net_id: index,
      ipv4_subnet: `10.64.${index}.0/24`,
      bridge_ipv4: `10.64.${index}.1`,
      namespace: `mvm-${name}`,
      uplink: {
        host_interface: `mvmh${index}`,
        namespace_interface: "up0",
        host_ipv4: `100.64.0.${index * 4 + 1}`,
        namespace_ipv4: `100.64.0.${index * 4 + 2}`,
      },
      egress: { policy: "deny" },
    },
    secrets_epoch: 1,
    secrets: test.secrets?.[name] ?? {},
    config_version: 1,
    model: null,
    connectors: {},
    pools: Object.entries(pools).map(([poolName, pool]) => ({
      ...poolOf(poolName, pool),
      instances: pool.wanted.map((wanted, number) =>
        instanceOf({ tenant: name, index, poolName, pool, wanted, number, slot: slot++, volumes: test.volumes ?? "" }),
      ),
    })),
  };
}

function poolOf(name: string, pool: TestPool): object {
  const type = typeOf(name, pool);
  return {
    pool_id: name,
    role: type.role,
    profile: type.profile,
    revision: pool.revision ?? "0000000000000001",
    type_hash: type.type_hash,
    resources: { vcpus: 1, mem_mib: pool.memMib ?? 256, data_mib: pool.dataMib ?? 64 },
    desired_counts: { running: pool.wanted.filter((wanted) => wanted === "running").length },
  };
}

interface InstancePlace {
  readonly tenant: string;
  readonly index: number;
  readonly poolName: string;
  readonly pool: TestPool;
  readonly wanted: TestWish;
  readonly number: number;
  readonly slot: number;
  readonly volumes: string;
}

function instanceOf({ tenant, index, poolName, pool, wanted, number, slot, volumes }: InstancePlace): unknown {
  const id = instanceId(TenantId.parse(tenant), PoolId.parse(poolName), number);
  const digits = sha256(`${id}/${volumes}`);
  const byte = (value: number): string => value.toString(16).padStart(2, "0");
  return {
    instance_id: id,
    number,
    ipv4: `10.64.${index}.${slot}`,
    mac: `02:00:00:00:${byte(index)}:${byte(slot)}`,
    tap: `tap${slot}`,
    volume_uuid: `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-a${digits.slice(17, 20)}-${digits.slice(20, 32)}`,
    ingress_port: pool.ingressPort === undefined ? null : pool.ingressPort + number,
    wanted,
    hold: pool.hold === undefined ? null : { ...pool.hold, by: "root", since: "2026-01-01T00:00:00Z" },
  };
}

function typeOf(name: string, pool: TestPool) {
  const seenByGuest = {
    role: pool.role ?? name,
    profile: "minimal",
    required_drives: ["data", "secrets", "config"],
    optional_drives: [],
    guest_handlers: pool.handlers ?? [],
    services: [],
    ports: pool.ingressPort === undefined ? [] : [{ name: "gateway", port: 18789 }],
    secrets: (pool.requiredSecrets ?? []).map((secret) => ({ name: secret, required: true, generate: false })),
    connectors: {},
  };
  return {
    ...seenByGuest,
    type_hash: hashOf(seenByGuest),
    expose_ingress: pool.ingressPort !== undefined,
    starts_before: pool.startsBefore ?? [],
    min_mem_mib: pool.minMemMib ?? 64,
    limits: pool.limits ?? {},
    defaults: { vcpus: 1, mem_mib: 256, data_mib: 64 },
  };
}
