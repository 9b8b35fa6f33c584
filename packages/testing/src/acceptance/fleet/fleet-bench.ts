/** What the fleet's cases share: a world of two tenants, something outside of it, and looks at its instances. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { InstanceView } from "@mvm/core";
import * as z from "zod";
import { createOutside, type Outside } from "../outside.ts";
import { buildImage, createWorld, type World } from "../world.ts";

export const OUTSIDE_PORT = 8080;

export interface FleetBench {
  readonly world: World;
  readonly outside: Outside;
  /** What shows on the host of a running tenant: kinds of `tenantTraces`, sorted. */
  readonly kindsOfTraces: readonly string[];
  /** By id. */
  instances(): Promise<ReadonlyMap<string, InstanceView>>;
  /** Fails the test when there is none. */
  instance(id: string): Promise<InstanceView>;
  /** Process ids of the VMs, in the order of their names. */
  pids(): Promise<readonly number[]>;
  /** Waits until it holds; fails the test, with the agent's log, when it does not in time. */
  until(what: string, holds: () => Promise<boolean>, timeoutMs?: number): Promise<void>;
  close(): Promise<void>;
}

/** A test of a fleet: what it shows, and the doing. Each goes on where the one before ended. */
export type FleetCase = readonly [what: string, body: (bench: FleetBench) => Promise<void>];

export interface FleetBenchOptions {
  readonly mode: "development" | "production";
  readonly kindsOfTraces: readonly string[];
}

const InstanceList = z.object({ instances: z.array(InstanceView) });

export async function openFleetBench({ mode, kindsOfTraces }: FleetBenchOptions): Promise<FleetBench> {
  const outside = await createOutside("xfl", "198.18.7");
  const fleet = fleetText(outside.ipv4);
  const options = { name: "fl", mode, fleet, range: 101, firstIngressPort: 23100 };
  const world = await createWorld(options).catch(async (error: unknown) => {
    await outside.close();
    throw error;
  });
  await buildImage(world, "probe", "probe");
  await outside.start(join(import.meta.dirname, "../hello-server.mjs"), [String(OUTSIDE_PORT)]);
  const instances = async (): Promise<ReadonlyMap<string, InstanceView>> => {
    const { instances: listed } = InstanceList.parse(await world.json("instance", "list"));
    return new Map(listed.map((instance) => [instance.instance_id, instance]));
  };
  return {
    world,
    outside,
    kindsOfTraces,
    instances,
    instance: async (id) => (await instances()).get(id) ?? assert.fail(`${id} is listed`),
    pids: async () =>
      [...(await instances()).values()].map(
        ({ instance_id: id, status }) => status?.pid ?? assert.fail(`${id} has a process`),
      ),
    async until(what, holds, timeoutMs = 180_000) {
      const deadline = Date.now() + timeoutMs;
      while (!(await holds())) {
        if (Date.now() > deadline) assert.fail(`${what}: not within ${timeoutMs} ms\n${await world.log("agent")}`);
        await delay(500);
      }
    },
    async close() {
      await outside.close();
      await world.close();
    },
  };
}

/** The port of its server on loopback. */
export function portOf({ instance_id: id, ingress_port: port }: InstanceView): number {
  return port ?? assert.fail(`${id} has an ingress port`);
}

/** @param outside the address that tenant acme may reach */
function fleetText(outside: string): string {
  return `schema_version = 1

[[tenants]]
tenant_id = "acme"
egress = { policy = "allow-list", allow = [{ cidr = "${outside}", port = ${OUTSIDE_PORT} }] }

[[tenants.pools]]
pool_id = "first"
role = "probe"
profile = "probe"
desired_counts = { running = 1 }

[[tenants.pools]]
pool_id = "second"
role = "follower"
profile = "probe"
desired_counts = { running = 1 }

[[tenants]]
tenant_id = "globex"

[[tenants.pools]]
pool_id = "first"
role = "probe"
profile = "probe"
desired_counts = { running = 1 }
`;
}
