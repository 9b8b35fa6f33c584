/**
 * What tests of the coordinator start from: declared types, images of them, settings, and an agent
 * played by a few lines that does at once whatever its spec says.
 */
import {
  ImageManifest,
  isoTime,
  MicrovmsTables,
  nodeRoutes,
  unixClient,
  type AuditEntry,
  type CatalogueImage,
  type ImageCatalog,
  type InstanceStatus,
  type NodeSpec,
  type NodeStatus,
  type StatusAnswer,
} from "@mvm/core";
import type { CoordinatorSettings } from "@mvm/coordinator";
import { nodeStatus, TEST_NODE } from "./desired-rows.ts";

/** A gateway that exposes ingress and makes its token, a worker behind it, each with a small profile. */
export const testTables: MicrovmsTables = MicrovmsTables.parse({
  roles: {
    gateway: {
      description: "g",
      profiles: ["small", "large"],
      required_drives: ["data"],
      expose_ingress: true,
      starts_before: ["worker"],
    },
    worker: { description: "w", profiles: ["small"], required_drives: ["data"] },
  },
  profiles: {
    small: {
      description: "s",
      min_mem_mib: 128,
      defaults: { vcpus: 1, mem_mib: 256, data_mib: 64 },
      secrets: [{ name: "pairing.key" }],
    },
    large: {
      description: "l",
      min_mem_mib: 1024,
      defaults: { vcpus: 2, mem_mib: 2048, data_mib: 512 },
      secrets: [{ name: "gateway.token", required: true, generate: true }, { name: "model.key" }],
    },
  },
});

/** An image of a profile, for every role. */
export function catalogueImage(profile: string, revision: string, change: Partial<ImageManifest> = {}): CatalogueImage {
  const artifact = { file: "file", sha256: "a".repeat(64), size_bytes: 1 };
  const manifest = ImageManifest.parse({
    schema_version: 1,
    revision,
    kind: "debian",
    role: null,
    profile,
    input_hash: "b".repeat(64),
    artifacts: { kernel: artifact, vmlinux: artifact, initrd: artifact, rootfs: artifact },
    kernel_version: "6.1",
    packages: [],
    npm_lock_sha256: null,
    patches: [],
    ...change,
  });
  return { manifest, builtAtMs: 0 };
}

/** A catalogue that holds what `images` gives at each call, newest first. */
export function listedCatalog(images: () => readonly CatalogueImage[]): ImageCatalog {
  return {
    list: () => Promise.resolve(images()),
    newest: (role, profile) =>
      Promise.resolve(
        images().find(({ manifest }) => manifest.profile === profile && (manifest.role ?? role) === role) ?? null,
      ),
    get: (revision) => Promise.resolve(images().find(({ manifest }) => manifest.revision === revision) ?? null),
  };
}

export const SMALL_REVISION = "1111111111111111";
export const LARGE_REVISION = "2222222222222222";
export const testImages: readonly CatalogueImage[] = [
  catalogueImage("small", SMALL_REVISION),
  catalogueImage("large", LARGE_REVISION),
];

export function testSettings(directory: string, change: Partial<CoordinatorSettings> = {}): CoordinatorSettings {
  return {
    node: TEST_NODE,
    stateDir: `${directory}/state`,
    keysDir: `${directory}/state-keys`,
    socketPath: `${directory}/run/coordinator.sock`,
    network: { namePrefix: "mvm", clusterCidr: "10.64.0.0/10", tenantPrefixLength: 24, uplinkCidr: "100.64.0.0/16" },
    ingressPorts: [18800, 18899],
    acceptedImages: ["debian"],
    holdSeconds: 1800,
    microvms: testTables,
    configHash: "c".repeat(64),
    ...change,
  };
}

/** An agent's side of the node API: takes the spec and reports it done. */
export interface PlayedAgent {
  /** The newest spec, held back up to `waitMs` while its generation is `after`. */
  spec(after?: number, waitMs?: number): Promise<NodeSpec | null>;
  /** Reports that all of the spec is so: what is to be destroyed is gone. */
  obey(change?: Partial<NodeStatus>, audit?: readonly AuditEntry[]): Promise<StatusAnswer>;
  report(status: NodeStatus, audit?: readonly AuditEntry[]): Promise<StatusAnswer>;
}

export function playedAgent(socketPath: string): PlayedAgent {
  const client = unixClient(socketPath);
  const params = { node: TEST_NODE };
  const report = (status: NodeStatus, audit: readonly AuditEntry[] = []): Promise<StatusAnswer> =>
    client.call(nodeRoutes.putStatus, { params, body: { status, audit: [...audit] } });
  const spec = async (after = -1, waitMs = 0): Promise<NodeSpec | null> =>
    (await client.call(nodeRoutes.getSpec, { params, query: { after, wait_ms: waitMs }, timeoutMs: waitMs + 10_000 }))
      .spec;
  return {
    spec,
    report,
    async obey(change = {}, audit = []) {
      const current = await spec();
      if (current === null) throw new Error("there is no spec");
      return report({ ...obedientStatus(current), ...change }, audit);
    },
  };
}

/** The status of a node on which everything is as the spec wants it. */
export function obedientStatus(spec: NodeSpec): NodeStatus {
  const kept = spec.tenants.filter(({ wanted }) => wanted === "present");
  return nodeStatus(spec.generation, {
    node: spec.node,
    reported_at: isoTime(Date.now()),
    tenants: kept.map((tenant) => tenant.tenant_id),
    instances: kept.flatMap((tenant) =>
      tenant.pools.flatMap((pool) =>
        pool.instances
          .filter(({ wanted }) => wanted !== "destroyed")
          .map((instance): InstanceStatus => {
            const goal = instance.hold?.wanted ?? instance.wanted;
            return {
              instance_id: instance.instance_id,
              tenant_id: tenant.tenant_id,
              role: pool.role,
              profile: pool.profile,
              type_hash: pool.type_hash,
              revision: pool.revision,
              state: goal === "running" ? "running" : "stopped",
              entered_at: isoTime(Date.now()),
              ready_since: null,
              ipv4: instance.ipv4,
              ingress_port: instance.ingress_port,
              uid: null,
              pid: null,
              config_version: tenant.config_version,
              secrets_epoch: tenant.secrets_epoch,
              config_hash: spec.config_hash,
              volume_generation: 1,
              data_mib: pool.resources.data_mib,
              boot: { attempts: 1, hung_boots: 0, hello_ms: null, ready_ms: null },
              condition: null,
              refusal: null,
              waiting_for: null,
              guest: null,
            };
          }),
      ),
    ),
  });
}
