/** What a VM keeps over its stop and over the agent's sudden death, and what is kept from it. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFile, rm, writeFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { filesHolding } from "../files-holding.ts";
import { hostHolding } from "../host-holding.ts";
import { shellInGuest } from "../probe.ts";
import { applyFleet, type World } from "../world.ts";
import { type FleetBench, type FleetCase, portOf } from "./fleet-bench.ts";

/** New in each run: what an earlier one left, or this file's own text, is never taken for it. */
const MARKER = `marker-${randomBytes(8).toString("hex")}`;

const MIB = 1024 * 1024;

export const lifeCases: readonly FleetCase[] = [
  ["/data grows under its guest, which runs on; to shrink it is refused with place, value and remedy", growsUnderGuest],
  ["the root file system refuses a write, /data keeps one over stop and start", keepsData],
  ["a secret reaches the type that may see it, and no disk, argument or environment of the host", keepsSecrets],
  ["an agent killed with -9 comes back, adopts every VM and stops none", isAdopted],
  ["an agent killed while a VM is starting converges", converges],
];

async function growsUnderGuest(bench: FleetBench): Promise<void> {
  const { world } = bench;
  const id = "acme-first-0";
  const port = portOf(await bench.instance(id));
  const text = await readFile(world.fleetPath, "utf8");
  const holds = async (): Promise<number> =>
    Number((await shellInGuest(port, "df --block-size=1 --output=size /data | tail -n 1")).stdout);
  const bootId = (await shellInGuest(port, "cat /proc/sys/kernel/random/boot_id")).stdout;
  assert.equal((await shellInGuest(port, "echo earlier > /data/earlier && sync")).code, 0);
  assert.ok((await holds()) < 64 * MIB);

  await writeFile(world.fleetPath, withDataMib(text, 128));
  await applyFleet(world);
  await bench.until("/data has grown", async () => (await holds()) > 100 * MIB);
  const filled = await shellInGuest(port, "fallocate -l 80M /data/more && rm /data/more && cat /data/earlier");
  assert.equal(filled.stdout, "earlier\n", filled.stderr);
  assert.equal((await shellInGuest(port, "cat /proc/sys/kernel/random/boot_id")).stdout, bootId, "the same boot");
  await bench.until("its node tells of it", async () => (await bench.instance(id)).status?.data_mib === 128);

  await writeFile(world.fleetPath, withDataMib(text, 96));
  const refused = await world.mvm("fleet", "apply", world.fleetPath);
  assert.equal(refused.code, 2, refused.stderr);
  for (const word of [/fleet\.toml:\d+:\d+/, /data_mib is 96/, /Say 128 or more/]) assert.match(refused.stderr, word);
  await writeFile(world.fleetPath, withDataMib(text, 128));
}

/** The fleet file's text with a size for the first pool's data volumes. */
function withDataMib(fleet: string, dataMib: number): string {
  return fleet.replace(/^pool_id = .*$/m, `$&\nresources = { data_mib = ${dataMib} }`);
}

async function keepsData(bench: FleetBench): Promise<void> {
  const port = portOf(await bench.instance("acme-first-0"));
  const root = await shellInGuest(port, "mount -o remount,rw / ; echo x > /usr/written");
  assert.notEqual(root.code, 0);
  assert.match(root.stderr, /read-only/i);
  assert.equal((await shellInGuest(port, "echo kept > /data/file && sync")).code, 0);

  const stopped = await bench.world.mvm("instance", "stop", "acme-first-0", "--timeout", "120s");
  assert.equal(stopped.code, 0, stopped.stderr);
  assert.equal((await bench.instance("acme-first-0")).status?.state, "stopped");
  const started = await bench.world.mvm("instance", "start", "acme-first-0", "--timeout", "300s");
  assert.equal(started.code, 0, started.stderr);
  assert.equal((await shellInGuest(port, "cat /data/file")).stdout, "kept\n");
}

async function keepsSecrets(bench: FleetBench): Promise<void> {
  const since = new Date();
  const path = await secretFile(bench.world);
  const set = await bench.world.mvm("secrets", "set", "globex", "probe.marker", "--from-file", path);
  await rm(path);
  assert.equal(set.code, 0, set.stderr);
  await bench.world.mvm("instance", "stop", "globex-first-0", "--timeout", "120s");
  await bench.world.mvm("instance", "start", "globex-first-0", "--timeout", "300s");
  const port = portOf(await bench.instance("globex-first-0"));
  const inside = await shellInGuest(port, "grep -r marker- /run/secrets");
  assert.match(inside.stdout, new RegExp(MARKER), "the guest has it");
  assert.deepEqual(
    await hostHolding({ marker: MARKER, since, except: [bench.world.dir] }),
    [],
    "no process shows it while the VM runs, and nothing was left where programs leave things",
  );
  await bench.world.mvm("instance", "stop", "globex-first-0", "--timeout", "120s");
  assert.deepEqual(
    await filesHolding(bench.world.dir, MARKER),
    [],
    "no file of this world holds it once the VM is stopped",
  );
  await bench.world.mvm("instance", "start", "globex-first-0", "--timeout", "300s");
}

async function isAdopted(bench: FleetBench): Promise<void> {
  const earlier = await bench.pids();
  const port = portOf(await bench.instance("acme-first-0"));
  const bootId = (await shellInGuest(port, "cat /proc/sys/kernel/random/boot_id")).stdout;
  await bench.world.end("agent", "SIGKILL");
  await bench.world.start("agent");
  await bench.until("adopted", async () => JSON.stringify(await bench.pids()) === JSON.stringify(earlier));
  assert.equal(
    (await shellInGuest(port, "cat /proc/sys/kernel/random/boot_id")).stdout,
    bootId,
    "the same boot goes on",
  );
}

async function converges(bench: FleetBench): Promise<void> {
  assert.equal((await bench.world.mvm("instance", "stop", "acme-second-0", "--timeout", "120s")).code, 0);
  await bench.world.mvm("instance", "start", "acme-second-0", "--no-wait");
  await bench.until(
    "starting",
    async () => (await bench.instance("acme-second-0")).status?.state === "starting",
    30_000,
  );
  await delay(1500);
  await bench.world.end("agent", "SIGKILL");
  await bench.world.start("agent");
  await bench.until("running again", async () => (await bench.instance("acme-second-0")).status?.state === "running");
  const port = portOf(await bench.instance("acme-second-0"));
  await bench.until("answers", async () => (await shellInGuest(port, "true").catch(() => null))?.code === 0);
}

/** The secret's value in a file of the tests', outside the world's directory. */
async function secretFile(world: World): Promise<string> {
  const path = `/dev/shm/${world.dir.split("/").at(-1)}-secret`;
  await writeFile(path, MARKER, { mode: 0o600 });
  return path;
}
