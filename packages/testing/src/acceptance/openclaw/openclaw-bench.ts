/** What OpenClaw's cases share: a world with one tenant's gateway and worker, a model service outside, a stranger. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { TestContext } from "node:test";
import { InstanceView } from "@mvm/core";
import * as z from "zod";
import { connectWhenAdmitted, newDeviceIdentity, type OpenClawClient } from "../../openclaw-client.ts";
import { createOutside, type Outside } from "../outside.ts";
import { applyFleet, buildImage, createWorld, type World } from "../world.ts";

const MODEL_SERVER = resolve(import.meta.dirname, "../../model-server.ts");
const MODEL_PORT = 18950;
const TYPES = [
  ["gateway", "openclaw-gateway"],
  ["worker", "openclaw-worker"],
  ["probe", "probe"],
] as const;

export const ACME_GATEWAY = "acme-gw-0";
export const ACME_WORKER = "acme-worker-0";
/** New in each run: what an earlier one left, or this file's own text, is never taken for them. */
export const TOKEN = `token-${randomBytes(10).toString("hex")}`;
export const MODEL_KEY = `key-${randomBytes(10).toString("hex")}`;

export interface OpenClawBench {
  readonly world: World;
  /** How long a gateway may take from its launch until it is ready, as the CLI is told. */
  readonly readyTimeout: string;
  view(instanceId: string): Promise<InstanceView>;
  gatewayUrl(): Promise<string>;
  /** A new connection of the same device; closed with the bench. */
  connect(): Promise<OpenClawClient>;
  /** Applies the fleet with all its instances running, and waits until they are ready. */
  bringUp(): Promise<void>;
  close(): Promise<void>;
}

/** A test of OpenClaw: what it shows, and the doing. Each goes on where the one before ended. */
export type OpenClawCase = readonly [what: string, body: (bench: OpenClawBench, context: TestContext) => Promise<void>];

export interface OpenClawBenchOptions {
  readonly mode: "development" | "production";
  readonly readyTimeout: string;
}

/** Images are built, the tenants are there with their secrets, nothing runs yet. */
export async function openOpenClawBench({ mode, readyTimeout }: OpenClawBenchOptions): Promise<OpenClawBench> {
  const outside = await createOutside("xoc", "198.18.8");
  const options = {
    name: "oc",
    mode,
    fleet: fleetText(outside, 0),
    range: 103,
    firstIngressPort: 23400,
    node: "boot_timeout_seconds = 600",
  };
  const world = await createWorld(options).catch(async (error: unknown) => {
    await outside.close();
    throw error;
  });
  for (const [role, profile] of TYPES) await buildImage(world, role, profile);
  await outside.start(MODEL_SERVER, [outside.ipv4, String(MODEL_PORT)]);
  await applyFleet(world);
  await setSecret(world, "gateway.token", TOKEN);
  await setSecret(world, "model.key", MODEL_KEY);

  const clients: OpenClawClient[] = [];
  const identity = newDeviceIdentity();
  const view = async (id: string): Promise<InstanceView> =>
    z.object({ instance: InstanceView }).parse(await world.json("instance", "show", id)).instance;
  const gatewayUrl = async (): Promise<string> => `wss://127.0.0.1:${(await view(ACME_GATEWAY)).ingress_port}`;
  return {
    world,
    readyTimeout,
    view,
    gatewayUrl,
    async connect() {
      const client = await connectWhenAdmitted({
        url: await gatewayUrl(),
        token: TOKEN,
        identity,
        timeoutMs: 240_000,
      });
      clients.push(client);
      return client;
    },
    async bringUp() {
      await writeFile(world.fleetPath, fleetText(outside, 1));
      await applyFleet(world, readyTimeout);
    },
    async close() {
      for (const each of clients) each.close();
      await outside.close();
      await world.close();
    },
  };
}

function fleetText({ ipv4: modelAt }: Outside, running: number): string {
  return `schema_version = 1

[[tenants]]
tenant_id = "acme"
egress = { policy = "allow-list", allow = [{ cidr = "${modelAt}", port = ${MODEL_PORT} }] }
model = { base_url = "http://${modelAt}:${MODEL_PORT}/v1", model = "stand-in" }
connectors = { telegram = {} }

[[tenants.pools]]
pool_id = "gw"
role = "gateway"
profile = "openclaw-gateway"
desired_counts = { running = ${running} }

[[tenants.pools]]
pool_id = "worker"
role = "worker"
profile = "openclaw-worker"
desired_counts = { running = ${running} }

[[tenants]]
tenant_id = "globex"

[[tenants.pools]]
pool_id = "first"
role = "probe"
profile = "probe"
desired_counts = { running = ${running} }
`;
}

/** By a file on tmpfs, removed at once: a value never stands in argv. */
async function setSecret(world: World, name: string, value: string): Promise<void> {
  const path = `/dev/shm/mvm-test-${process.pid}-${name}`;
  await writeFile(path, value, { mode: 0o600 });
  try {
    const { code, stderr } = await world.mvm("secrets", "set", "acme", name, "--from-file", path);
    assert.equal(code, 0, stderr);
  } finally {
    await rm(path, { force: true });
  }
}
