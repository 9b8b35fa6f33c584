/**
 * Boots, many times over, on a machine that has other things to do: none may hang for good, none may
 * be lost, and every boot that had to be tried again is counted where a person can see it.
 *
 * By hand, `npm run test:long`: half an hour. MVM_BOOTS and MVM_GATEWAY_STARTS change the numbers.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import { InstanceView } from "@mvm/core";
import * as z from "zod";
import { requires } from "../requirements.ts";
import { applyFleet, buildImage, createWorld, type World } from "./world.ts";

const BOOTS = Number(process.env["MVM_BOOTS"] ?? 40);
const GATEWAY_STARTS = Number(process.env["MVM_GATEWAY_STARTS"] ?? 5);
const BUSY_LOOPS = 2;
/** The guest kernel is told its clock's frequency (tsc_early_khz), so that no boot has a reason to hang. */
const MOST_HUNG_BOOTS = 0;

const fleet = (role: string, profile: string): string => `schema_version = 1

[[tenants]]
tenant_id = "acme"

[[tenants.pools]]
pool_id = "vm"
role = "${role}"
profile = "${profile}"
desired_counts = { running = 1 }
`;
const ID = "acme-vm-0";

const skip = await requires("root", "qemu", "network", "volumes", "images");

/** Boots the fleet's only instance `times` times; what was shown of it after each boot. */
async function bootAgainAndAgain(world: World, times: number, timeout: string): Promise<readonly InstanceView[]> {
  await applyFleet(world, timeout);
  const views = [await viewOf(world)];
  while (views.length < times) {
    for (const verb of ["stop", "start"]) {
      const { code, stderr } = await world.mvm("instance", verb, ID, "--timeout", timeout);
      assert.equal(code, 0, `${verb} after ${views.length} boots: ${stderr}\n${await world.log("agent")}`);
    }
    views.push(await viewOf(world));
  }
  return views;
}

async function viewOf(world: World): Promise<InstanceView> {
  const { instance } = z.object({ instance: InstanceView }).parse(await world.json("instance", "show", ID));
  assert.equal(instance.status?.guest?.ready, true);
  return instance;
}

function figures(views: readonly InstanceView[]): string {
  const ready = views.map(({ status }) => status?.boot.ready_ms ?? Number.NaN).toSorted((a, b) => a - b);
  const at = (part: number): number => Math.round(ready[Math.floor((ready.length - 1) * part)] ?? Number.NaN);
  return `${views.length} boots: ready after ${at(0)} / ${at(0.5)} / ${at(1)} ms (least, median, most), ${hungBoots(views)} hung and tried again`;
}

/** How many hung over the instance's life, which is what the newest view tells. */
function hungBoots(views: readonly InstanceView[]): number {
  return views.at(-1)?.status?.boot.hung_boots ?? assert.fail("the status counts boots that hung");
}

/** Few enough hung, and each of them stands in the agent's log. */
async function assertFewHung(world: World, views: readonly InstanceView[]): Promise<void> {
  const log = await world.log("agent");
  const told = log.split("\n").filter((line) => line.includes("vm.boot.hung"));
  assert.equal(told.length, hungBoots(views), told.join("\n"));
  assert.ok(hungBoots(views) <= MOST_HUNG_BOOTS, `${hungBoots(views)} boots hung:\n${told.join("\n")}`);
}

describe(`${BOOTS} boots of minimal beside ${BUSY_LOOPS} busy loops`, { skip, timeout: 60 * 60_000 }, () => {
  let world: World;
  let loops: readonly ChildProcess[] = [];

  before(async () => {
    world = await createWorld({ name: "bm", fleet: fleet("probe", "minimal"), range: 106, firstIngressPort: 23_600 });
    await buildImage(world, "probe", "minimal");
  });
  after(async () => {
    for (const loop of loops) {
      loop.kill("SIGKILL");
      await once(loop, "exit");
    }
    await world.close();
  });

  test("each comes up; those that hung are counted", async (context) => {
    // They name the world's directory, so that they end with the world however the test ends.
    loops = Array.from({ length: BUSY_LOOPS }, () => spawn("/bin/sh", ["-c", "while :; do :; done", world.dir]));
    const views = await bootAgainAndAgain(world, BOOTS, "300s");
    context.diagnostic(figures(views));
    await assertFewHung(world, views);
  });
});

describe(`${GATEWAY_STARTS} cold starts of an OpenClaw gateway`, { skip, timeout: 120 * 60_000 }, () => {
  let world: World;

  before(async () => {
    world = await createWorld({
      name: "bg",
      fleet: fleet("gateway", "openclaw-gateway"),
      range: 107,
      firstIngressPort: 23_700,
      node: "boot_timeout_seconds = 600",
    });
    await buildImage(world, "gateway", "openclaw-gateway");
  });
  after(() => world.close());

  test("each gets ready; those that died on the way are counted", async (context) => {
    const views = await bootAgainAndAgain(world, GATEWAY_STARTS, "1500s");
    context.diagnostic(figures(views));
    await assertFewHung(world, views);
  });
});
