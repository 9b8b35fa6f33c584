/** Two tenants' VMs come up, confined, and reach what they may and nothing else: real packets out of real guests. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { promisify } from "node:util";
import { AuditRecord, type InstanceView } from "@mvm/core";
import * as z from "zod";
import { runInGuest } from "../probe.ts";
import { applyFleet } from "../world.ts";
import { type FleetBench, type FleetCase, OUTSIDE_PORT, portOf } from "./fleet-bench.ts";

export const networkCases: readonly FleetCase[] = [
  ["fleet apply brings up all instances, in the declared order", comesUp],
  ["each VM runs as its own unprivileged user in its tenant's namespace", runsAsItsOwnUser],
  ["inside a tenant instances reach each other; between tenants and to the host nothing passes", isIsolated],
  ["egress: what the allow-list names and nothing else", keepsToItsEgress],
];

async function comesUp(bench: FleetBench): Promise<void> {
  await applyFleet(bench.world);
  const listed = await bench.instances();
  assert.deepEqual([...listed.keys()].sort(), ["acme-first-0", "acme-second-0", "globex-first-0"]);
  for (const { status, instance_id: id } of listed.values()) assert.equal(status?.state, "running", id);
  const { records } = z
    .object({ records: z.array(AuditRecord) })
    .parse(await bench.world.json("audit", "list", "--tenant", "acme"));
  const startedAt = (id: string, event: string): string =>
    records.find(({ entry }) => entry.instance_id === id && entry.event === event)?.entry.at ??
    assert.fail(`${event} of ${id} is audited`);
  assert.ok(
    startedAt("acme-second-0", "instance.start") >= startedAt("acme-first-0", "instance.start.done"),
    "the follower starts when the probe is up",
  );
}

async function runsAsItsOwnUser(bench: FleetBench): Promise<void> {
  const uids = new Set<string>();
  for (const pid of await bench.pids()) {
    const status = await readFile(`/proc/${pid}/status`, "utf8");
    const field = (name: string): string => new RegExp(`^${name}:\\s+(.*)$`, "m").exec(status)?.[1] ?? "";
    const [uid = ""] = field("Uid").split("\t");
    assert.deepEqual(field("Uid").split("\t"), [uid, uid, uid, uid]);
    assert.ok(Number(uid) >= 200_000, uid);
    assert.equal(field("CapEff"), "0000000000000000");
    assert.equal(field("Seccomp"), "2");
    assert.equal(field("NoNewPrivs"), "1");
    uids.add(uid);
  }
  assert.equal(uids.size, 3, "no two VMs share a uid");
}

async function isIsolated(bench: FleetBench): Promise<void> {
  const acme = await bench.instance("acme-first-0");
  const peer = await bench.instance("acme-second-0");
  const stranger = await bench.instance("globex-first-0");
  const reaches = async (from: InstanceView, url: string): Promise<boolean> =>
    (await runInGuest(portOf(from), ["curl", "-s", "-m", "8", "-o", "/dev/null", url])).code === 0;

  assert.equal(await reaches(acme, `http://${peer.ipv4}:7000/`), true, "own tenant's instance");
  assert.equal(await reaches(acme, `http://${stranger.ipv4}:7000/`), false, "the other tenant's instance");
  assert.equal(await reaches(stranger, `http://${acme.ipv4}:7000/`), false, "and back");

  // A listener on every address of the host: what it did not see did not pass.
  const seen: string[] = [];
  const listener = createServer((socket) => {
    seen.push(socket.remoteAddress ?? "?");
    socket.destroy();
  });
  listener.listen(23199, "0.0.0.0");
  await once(listener, "listening");
  try {
    const { stdout } = await promisify(execFile)("ip", ["-o", "-4", "addr"]);
    const hostAddresses = [...stdout.matchAll(/inet ([0-9.]+)/g)]
      .map(([, address]) => address ?? "")
      .filter((address) => !address.startsWith("127."));
    assert.ok(hostAddresses.length > 0);
    for (const address of hostAddresses)
      assert.equal(await reaches(acme, `http://${address}:23199/`), false, `the host at ${address}`);
    assert.deepEqual(seen, [], "the host's listener saw nothing");
    await fetch("http://127.0.0.1:23199/").catch(() => null);
    assert.equal(seen.length, 1, "the listener does listen");
  } finally {
    listener.close();
  }
}

async function keepsToItsEgress(bench: FleetBench): Promise<void> {
  const acme = await bench.instance("acme-first-0");
  const stranger = await bench.instance("globex-first-0");
  const get = (from: InstanceView, port: number): ReturnType<typeof runInGuest> =>
    runInGuest(portOf(from), ["curl", "-s", "-m", "8", `http://${bench.outside.ipv4}:${port}/`]);
  assert.match((await get(acme, OUTSIDE_PORT)).stdout, /hello from outside/);
  assert.notEqual((await get(acme, OUTSIDE_PORT + 1)).code, 0, "another port");
  assert.notEqual((await get(stranger, OUTSIDE_PORT)).code, 0, "a tenant without egress");
}
