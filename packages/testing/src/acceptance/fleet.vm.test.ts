/**
 * The whole path with `probe` VMs: two tenants from a fleet file, isolation by real packets, state
 * on the data drive, secrets, crashes of the agent, destruction. Every claim is seen in a guest or
 * on the host, by looking.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { LogLine } from "@mvm/agent";
import { AuditRecord, FleetPlan, InstanceView, PoolView, TenantView } from "@mvm/core";
import * as z from "zod";
import { requires } from "../requirements.ts";
import { filesHolding } from "./files-holding.ts";
import { hostHolding } from "./host-holding.ts";
import { createOutside, type Outside } from "./outside.ts";
import { runInGuest, shellInGuest } from "./probe.ts";
import { tenantMarks, tenantTraces } from "./tenant-traces.ts";
import { applyFleet, buildImage, createWorld, type World } from "./world.ts";

const OUTSIDE_PORT = 8080;
/** New in each run: what an earlier one left, or this file's own text, is never taken for it. */
const MARKER = `marker-${randomBytes(8).toString("hex")}`;

const fleet = (outside: string): string => `schema_version = 1

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

const InstanceList = z.object({ instances: z.array(InstanceView) });

const skip = await requires("root", "qemu", "network", "volumes", "images");

describe("two tenants of probe VMs", { skip, timeout: 20 * 60_000 }, () => {
  let world: World;
  let outside: Outside;
  const instances = async (): Promise<ReadonlyMap<string, InstanceView>> => {
    const { instances: listed } = InstanceList.parse(await world.json("instance", "list"));
    return new Map(listed.map((instance) => [instance.instance_id, instance]));
  };
  const instance = async (id: string): Promise<InstanceView> => {
    const found = (await instances()).get(id);
    assert.ok(found, `${id} is listed`);
    return found;
  };
  /** Process ids of the VMs, in the order of their names. */
  const pids = async (): Promise<readonly number[]> =>
    [...(await instances()).values()].map(
      ({ instance_id: id, status }) => status?.pid ?? assert.fail(`${id} has a process`),
    );
  /** The port of its server on loopback. */
  const portOf = ({ instance_id: id, ingress_port: port }: InstanceView): number =>
    port ?? assert.fail(`${id} has an ingress port`);
  const until = async (what: string, holds: () => Promise<boolean>, timeoutMs = 180_000): Promise<void> => {
    const deadline = Date.now() + timeoutMs;
    while (!(await holds())) {
      if (Date.now() > deadline) assert.fail(`${what}: not within ${timeoutMs} ms\n${await world.log("agent")}`);
      await delay(500);
    }
  };

  before(async () => {
    outside = await createOutside("xfl", "198.18.7");
    world = await createWorld({ name: "fl", fleet: fleet(outside.ipv4), range: 101, firstIngressPort: 23100 });
    await buildImage(world, "probe", "probe");
    await outside.start(join(import.meta.dirname, "hello-server.mjs"), [String(OUTSIDE_PORT)]);
  });
  after(async () => {
    await outside.close();
    await world.close();
  });

  test("fleet apply brings up all instances, in the declared order", async () => {
    await applyFleet(world);
    const listed = await instances();
    assert.deepEqual([...listed.keys()].sort(), ["acme-first-0", "acme-second-0", "globex-first-0"]);
    for (const { status, instance_id: id } of listed.values()) assert.equal(status?.state, "running", id);
    const { records } = z
      .object({ records: z.array(AuditRecord) })
      .parse(await world.json("audit", "list", "--tenant", "acme"));
    const startedAt = (id: string, event: string): string =>
      records.find(({ entry }) => entry.instance_id === id && entry.event === event)?.entry.at ??
      assert.fail(`${event} of ${id} is audited`);
    assert.ok(
      startedAt("acme-second-0", "instance.start") >= startedAt("acme-first-0", "instance.start.done"),
      "the follower starts when the probe is up",
    );
  });

  test("each VM runs as its own unprivileged user in its tenant's namespace", async () => {
    const uids = new Set<string>();
    for (const pid of await pids()) {
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
  });

  test("inside a tenant instances reach each other; between tenants and to the host nothing passes", async () => {
    const acme = await instance("acme-first-0");
    const peer = await instance("acme-second-0");
    const stranger = await instance("globex-first-0");
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
  });

  test("egress: what the allow-list names and nothing else", async () => {
    const acme = await instance("acme-first-0");
    const stranger = await instance("globex-first-0");
    const get = (from: InstanceView, port: number): ReturnType<typeof runInGuest> =>
      runInGuest(portOf(from), ["curl", "-s", "-m", "8", `http://${outside.ipv4}:${port}/`]);
    assert.match((await get(acme, OUTSIDE_PORT)).stdout, /hello from outside/);
    assert.notEqual((await get(acme, OUTSIDE_PORT + 1)).code, 0, "another port");
    assert.notEqual((await get(stranger, OUTSIDE_PORT)).code, 0, "a tenant without egress");
  });

  test("the root file system refuses a write, /data keeps one over stop and start", async () => {
    const port = portOf(await instance("acme-first-0"));
    const root = await shellInGuest(port, "mount -o remount,rw / ; echo x > /usr/written");
    assert.notEqual(root.code, 0);
    assert.match(root.stderr, /read-only/i);
    assert.equal((await shellInGuest(port, "echo kept > /data/file && sync")).code, 0);

    const stopped = await world.mvm("instance", "stop", "acme-first-0", "--timeout", "120s");
    assert.equal(stopped.code, 0, stopped.stderr);
    assert.equal((await instance("acme-first-0")).status?.state, "stopped");
    const started = await world.mvm("instance", "start", "acme-first-0", "--timeout", "300s");
    assert.equal(started.code, 0, started.stderr);
    assert.equal((await shellInGuest(port, "cat /data/file")).stdout, "kept\n");
  });

  test("a secret reaches the type that may see it, and no disk, argument or environment of the host", async () => {
    const since = new Date();
    const path = await secretFile(world);
    const set = await world.mvm("secrets", "set", "globex", "probe.marker", "--from-file", path);
    await rm(path);
    assert.equal(set.code, 0, set.stderr);
    await world.mvm("instance", "stop", "globex-first-0", "--timeout", "120s");
    await world.mvm("instance", "start", "globex-first-0", "--timeout", "300s");
    const port = portOf(await instance("globex-first-0"));
    const inside = await shellInGuest(port, "grep -r marker- /run/secrets");
    assert.match(inside.stdout, new RegExp(MARKER), "the guest has it");
    assert.deepEqual(
      await hostHolding({ marker: MARKER, since, except: [world.dir] }),
      [],
      "no process shows it while the VM runs, and nothing was left where programs leave things",
    );
    await world.mvm("instance", "stop", "globex-first-0", "--timeout", "120s");
    assert.deepEqual(
      await filesHolding(world.dir, MARKER),
      [],
      "no file of this world holds it once the VM is stopped",
    );
    await world.mvm("instance", "start", "globex-first-0", "--timeout", "300s");
  });

  test("an agent killed with -9 comes back, adopts every VM and stops none", async () => {
    const earlier = await pids();
    const port = portOf(await instance("acme-first-0"));
    const bootId = (await shellInGuest(port, "cat /proc/sys/kernel/random/boot_id")).stdout;
    await world.end("agent", "SIGKILL");
    await world.start("agent");
    await until("adopted", async () => JSON.stringify(await pids()) === JSON.stringify(earlier));
    assert.equal(
      (await shellInGuest(port, "cat /proc/sys/kernel/random/boot_id")).stdout,
      bootId,
      "the same boot goes on",
    );
  });

  test("an agent killed while a VM is starting converges", async () => {
    assert.equal((await world.mvm("instance", "stop", "acme-second-0", "--timeout", "120s")).code, 0);
    await world.mvm("instance", "start", "acme-second-0", "--no-wait");
    await until("starting", async () => (await instance("acme-second-0")).status?.state === "starting", 30_000);
    await delay(1500);
    await world.end("agent", "SIGKILL");
    await world.start("agent");
    await until("running again", async () => (await instance("acme-second-0")).status?.state === "running");
    const port = portOf(await instance("acme-second-0"));
    await until("answers", async () => (await shellInGuest(port, "true").catch(() => null))?.code === 0);
  });

  test("instance logs show the guest's own lines, and its console", async () => {
    const id = "acme-first-0";
    const port = portOf(await instance(id));
    const said = `said-${randomBytes(4).toString("hex")}`;
    assert.equal((await shellInGuest(port, `systemd-cat -t acceptance echo ${said}`)).code, 0);
    const Logs = z.object({ instance_id: z.string(), lines: z.array(LogLine) });
    const isSaid = async (): Promise<boolean> => {
      const { lines } = Logs.parse(await world.json("instance", "logs", id, "--lines", "50"));
      return lines.some(({ message }) => message === said);
    };
    await until("in the journal", isSaid, 20_000);
    const text = await world.mvm("instance", "logs", id, "--lines", "50");
    assert.match(text.stdout, new RegExp(`${said}$`, "m"), text.stderr);
    assert.doesNotMatch((await world.mvm("instance", "logs", id, "--console")).stdout, new RegExp(said));
  });

  test("pool list, tenant show and fleet plan say what is so", async () => {
    const { pools } = z
      .object({ pools: z.array(PoolView) })
      .parse(await world.json("pool", "list", "--tenant", "acme"));
    assert.deepEqual(
      pools.map((pool) => [pool.pool_id, pool.role, pool.desired_counts.running, pool.instances.ready]),
      [
        ["first", "probe", 1, 1],
        ["second", "follower", 1, 1],
      ],
    );
    assert.match((await world.mvm("pool", "list")).stdout, /^globex +first +probe .* 1 of 1 ready$/m);

    const { tenant } = z.object({ tenant: TenantView }).parse(await world.json("tenant", "show", "acme"));
    const { network, instances: counts } = tenant;
    assert.deepEqual(
      { standing: tenant.standing, pools: tenant.pools, ready: counts.ready, troubled: counts.troubled },
      { standing: "present", pools: ["first", "second"], ready: 2, troubled: 0 },
    );
    const shown = (await world.mvm("tenant", "show", "acme")).stdout;
    for (const fact of [network.namespace, network.ipv4_subnet, `only ${outside.ipv4}`, "2 of 2 ready"])
      assert.ok(shown.includes(fact), `${fact} in\n${shown}`);
    assert.ok((await promisify(execFile)("ip", ["netns", "list"])).stdout.includes(network.namespace));

    assert.deepEqual(FleetPlan.parse(await world.json("fleet", "plan", world.fleetPath)).changes, []);
    const without = join(world.dir, "without-globex.toml");
    await writeFile(without, fleet(outside.ipv4).split('[[tenants]]\ntenant_id = "globex"')[0] ?? "");
    const planned = await world.mvm("fleet", "plan", without);
    assert.match(planned.stdout, /^release +tenant +globex /m, planned.stderr);
    assert.equal((await instance("globex-first-0")).goal, "running", "a plan changes nothing");
  });

  test("instance destroy erases the data; the counts bring the number back, new and empty", async () => {
    const id = "acme-second-0";
    const earlier = await instance(id);
    assert.equal(
      (await shellInGuest(portOf(earlier), "echo kept > /data/file && sync && cat /data/file")).stdout,
      "kept\n",
    );
    const unasked = await world.mvm("instance", "destroy", id);
    assert.equal(unasked.code, 2, "without a terminal it needs --yes");
    const erased = await world.json("instance", "destroy", id, "--yes", "--timeout", "180s");
    assert.partialDeepStrictEqual(erased, { instance_id: id, erased: true });
    await until("ready again", async () => (await instances()).get(id)?.status?.guest?.ready === true);
    const later = await instance(id);
    assert.notEqual(later.volume_uuid, earlier.volume_uuid);
    const { stdout } = await shellInGuest(portOf(later), "ls /data; ls /data/file; true");
    assert.doesNotMatch(stdout, /file/);
    assert.match(stdout, /home/, "it is the data drive that was listed");
  });

  test("tenant destroy leaves nothing of it on the host and touches no other", async () => {
    const [acme, globex] = [await tenantMarks(world, "acme"), await tenantMarks(world, "globex")];
    const kinds = (found: readonly string[]): readonly string[] => [
      ...new Set(found.map((line) => line.split(" ")[0] ?? "")),
    ];
    const allKinds = ["link", "mount", "namespace", "nft", "path", "process"];
    assert.deepEqual(kinds(await tenantTraces(acme)), allKinds, "what is searched for can be found");

    const destroyed = await world.mvm("tenant", "destroy", "acme", "--yes", "--timeout", "180s");
    assert.equal(destroyed.code, 0, destroyed.stderr);
    assert.deepEqual(await tenantTraces(acme), []);
    assert.deepEqual([...(await instances()).keys()], ["globex-first-0"]);
    assert.deepEqual(kinds(await tenantTraces(globex)), allKinds);
    assert.equal((await shellInGuest(portOf(await instance("globex-first-0")), "true")).code, 0);
  });
});

/** The secret's value in a file of the tests', outside the world's directory. */
async function secretFile(world: World): Promise<string> {
  const path = `/dev/shm/${world.dir.split("/").at(-1)}-secret`;
  await writeFile(path, MARKER, { mode: 0o600 });
  return path;
}
