/**
 * A small VM from "the spec wants it" until its guest answered, against a bare QEMU with the same
 * kernel, root and devices until the guest's agent opened its port; in turns, on the same machine.
 */
import { Fleet, type InstanceView, operatorRoutes, unixClient, type UnixClient } from "@mvm/core";
import type { Figure } from "./figure.ts";
import { median } from "./measure.ts";
import { captureVm, timeRawBoot } from "./raw-qemu.ts";
import { createWorld } from "./world.ts";

const RUNS = 5;
const WAIT_MS = 1000;
const DEADLINE_MS = 300_000;

export const minimalBoot: Figure = {
  name: "minimal-boot",
  summary: "a minimal VM, spec to hello, over a bare QEMU of the same",
  needs: ["root"],
  async measure(say) {
    const world = createWorld();
    try {
      say("building the image, or finding it built");
      await world.mvm("image", "build", "worker", "minimal", "--quiet");
      await world.start();
      const coordinator = unixClient(world.coordinatorSocket);
      const runs: { readonly product: number; readonly raw: number }[] = [];
      for (let run = 1; run <= RUNS; run += 1) {
        const times = await bothBoots(coordinator, `p${run}`);
        say(`run ${run} of ${RUNS}: ${seconds(times.product)}, bare ${seconds(times.raw)}`);
        runs.push(times);
      }
      const [product, raw] = [median(runs.map((run) => run.product)), median(runs.map((run) => run.raw))];
      return [
        {
          figure: "minimal VM, spec to hello",
          value: product / 1000,
          unit: "s",
          against: { what: "bare QEMU", value: raw / 1000 },
          limit: { kind: "ratio", most: 1.2 },
        },
      ];
    } finally {
      await world.close();
    }
  },
};

/** Boots a new instance by the product, stops it, then boots the same bare; milliseconds. */
async function bothBoots(
  coordinator: UnixClient,
  pool: string,
): Promise<{ readonly product: number; readonly raw: number }> {
  const startedAt = performance.now();
  await apply(coordinator, pool);
  const view = await until(coordinator, (views) =>
    views.find(({ pool_id: id, status }) => id === pool && status !== null && status.guest !== null),
  );
  const product = performance.now() - startedAt;
  const captured = captureVm(view.status?.pid ?? -1);
  await apply(coordinator, null);
  await until(coordinator, (views) => views.every(({ status }) => status?.state === "stopped") || undefined);
  return { product, raw: await timeRawBoot(captured) };
}

async function apply(coordinator: UnixClient, pool: string | null): Promise<void> {
  const pools =
    pool === null ? [] : [{ pool_id: pool, role: "worker", profile: "minimal", desired_counts: { running: 1 } }];
  const fleet = Fleet.parse({ schema_version: 1, tenants: [{ tenant_id: "bench", pools }] });
  const body = { fleet, source_hash: "0".repeat(64), expected_version: null, claimed_by: "bench" };
  await coordinator.call(operatorRoutes.applyFleet, { body });
}

/** The first answer of `look` that is something, over the newest views. */
async function until<T>(coordinator: UnixClient, look: (views: readonly InstanceView[]) => T | undefined): Promise<T> {
  const deadline = performance.now() + DEADLINE_MS;
  let revision = -1;
  while (performance.now() < deadline) {
    const answer = await coordinator.call(operatorRoutes.listInstances, {
      query: { after_revision: revision, wait_ms: WAIT_MS },
    });
    revision = answer.revision;
    const found = look(answer.instances);
    if (found !== undefined) return found;
  }
  throw new Error(`not within ${DEADLINE_MS / 1000} s`);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
