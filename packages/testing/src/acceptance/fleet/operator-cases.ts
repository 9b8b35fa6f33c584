/** What an operator is shown of a fleet, and that what is destroyed is gone. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { LogLine } from "@mvm/agent";
import { FleetPlan, PoolView, TenantView } from "@mvm/core";
import * as z from "zod";
import { shellInGuest } from "../probe.ts";
import { tenantMarks, tenantTraces } from "../tenant-traces.ts";
import { type FleetBench, type FleetCase, portOf } from "./fleet-bench.ts";

export const operatorCases: readonly FleetCase[] = [
  ["instance logs show the guest's own lines, and its console", showsLogs],
  ["pool list, tenant show and fleet plan say what is so", isListed],
  ["instance destroy erases the data; the counts bring the number back, new and empty", isErased],
  ["tenant destroy leaves nothing of it on the host and touches no other", leavesNothing],
];

async function showsLogs(bench: FleetBench): Promise<void> {
  const id = "acme-first-0";
  const port = portOf(await bench.instance(id));
  const said = `said-${randomBytes(4).toString("hex")}`;
  assert.equal((await shellInGuest(port, `systemd-cat -t acceptance echo ${said}`)).code, 0);
  const Logs = z.object({ instance_id: z.string(), lines: z.array(LogLine) });
  const isSaid = async (): Promise<boolean> => {
    const { lines } = Logs.parse(await bench.world.json("instance", "logs", id, "--lines", "50"));
    return lines.some(({ message }) => message === said);
  };
  await bench.until("in the journal", isSaid, 20_000);
  const text = await bench.world.mvm("instance", "logs", id, "--lines", "50");
  assert.match(text.stdout, new RegExp(`${said}$`, "m"), text.stderr);
  assert.doesNotMatch((await bench.world.mvm("instance", "logs", id, "--console")).stdout, new RegExp(said));
}

async function isListed(bench: FleetBench): Promise<void> {
  const { pools } = z
    .object({ pools: z.array(PoolView) })
    .parse(await bench.world.json("pool", "list", "--tenant", "acme"));
  assert.deepEqual(
    pools.map((pool) => [pool.pool_id, pool.role, pool.desired_counts.running, pool.instances.ready]),
    [
      ["first", "probe", 1, 1],
      ["second", "follower", 1, 1],
    ],
  );
  assert.match((await bench.world.mvm("pool", "list")).stdout, /^globex +first +probe .* 1 of 1 ready$/m);

  const { tenant } = z.object({ tenant: TenantView }).parse(await bench.world.json("tenant", "show", "acme"));
  const { network, instances: counts } = tenant;
  assert.deepEqual(
    { standing: tenant.standing, pools: tenant.pools, ready: counts.ready, troubled: counts.troubled },
    { standing: "present", pools: ["first", "second"], ready: 2, troubled: 0 },
  );
  const shown = (await bench.world.mvm("tenant", "show", "acme")).stdout;
  for (const fact of [network.namespace, network.ipv4_subnet, `only ${bench.outside.ipv4}`, "2 of 2 ready"])
    assert.ok(shown.includes(fact), `${fact} in\n${shown}`);
  assert.ok((await promisify(execFile)("ip", ["netns", "list"])).stdout.includes(network.namespace));

  assert.deepEqual(FleetPlan.parse(await bench.world.json("fleet", "plan", bench.world.fleetPath)).changes, []);
  const without = join(bench.world.dir, "without-globex.toml");
  const fleet = await readFile(bench.world.fleetPath, "utf8");
  await writeFile(without, fleet.split('[[tenants]]\ntenant_id = "globex"')[0] ?? "");
  const planned = await bench.world.mvm("fleet", "plan", without);
  assert.match(planned.stdout, /^release +tenant +globex /m, planned.stderr);
  assert.equal((await bench.instance("globex-first-0")).goal, "running", "a plan changes nothing");
}

async function isErased(bench: FleetBench): Promise<void> {
  const id = "acme-second-0";
  const earlier = await bench.instance(id);
  assert.equal(
    (await shellInGuest(portOf(earlier), "echo kept > /data/file && sync && cat /data/file")).stdout,
    "kept\n",
  );
  const unasked = await bench.world.mvm("instance", "destroy", id);
  assert.equal(unasked.code, 2, "without a terminal it needs --yes");
  const erased = await bench.world.json("instance", "destroy", id, "--yes", "--timeout", "180s");
  assert.partialDeepStrictEqual(erased, { instance_id: id, erased: true });
  await bench.until("ready again", async () => (await bench.instances()).get(id)?.status?.guest?.ready === true);
  const later = await bench.instance(id);
  assert.notEqual(later.volume_uuid, earlier.volume_uuid);
  const { stdout } = await shellInGuest(portOf(later), "ls /data; ls /data/file; true");
  assert.doesNotMatch(stdout, /file/);
  assert.match(stdout, /home/, "it is the data drive that was listed");
}

async function leavesNothing(bench: FleetBench): Promise<void> {
  const [acme, globex] = [await tenantMarks(bench.world, "acme"), await tenantMarks(bench.world, "globex")];
  const kinds = (found: readonly string[]): readonly string[] => [
    ...new Set(found.map((line) => line.split(" ")[0] ?? "")),
  ];
  assert.deepEqual(kinds(await tenantTraces(acme)), bench.kindsOfTraces, "what is searched for can be found");

  const destroyed = await bench.world.mvm("tenant", "destroy", "acme", "--yes", "--timeout", "180s");
  assert.equal(destroyed.code, 0, destroyed.stderr);
  assert.deepEqual(await tenantTraces(acme), []);
  assert.deepEqual([...(await bench.instances()).keys()], ["globex-first-0"]);
  assert.deepEqual(kinds(await tenantTraces(globex)), bench.kindsOfTraces);
  assert.equal((await shellInGuest(portOf(await bench.instance("globex-first-0")), "true")).code, 0);
}
