/**
 * The installed servers as systemd runs them: what happens to VMs when a server is restarted, killed,
 * hangs or is replaced (nothing), and whether the units confine what they say. Runs in the lab, where
 * mvm was installed as docs/systemd.md tells it.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdir, readdir, readFile, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { CGROUP_MOUNT, VMS_CGROUP, VMS_SLICE, VMS_UNIT } from "@mvm/agent";
import { InstanceView } from "@mvm/core";
import { requires } from "@mvm/testing";
import * as z from "zod";

const ROOT = join(import.meta.dirname, "../../../../..");
const INSTALLATION = "/opt/mvm";
const FLEET_PATH = "/run/systemd-test-fleet.toml";
const TENANT = "units";
const FLEET = `schema_version = 1

[[tenants]]
tenant_id = "${TENANT}"
egress = { policy = "deny" }

[[tenants.pools]]
pool_id = "p"
role = "worker"
profile = "minimal"
desired_counts = { running = 2 }
`;
const COMMAND_TIMEOUT_MS = 20 * 60_000;
const BACK_TIMEOUT_MS = 5 * 60_000;
/** In the tests of the watchdog, instead of the unit's own minute. */
const SHORT_WATCHDOG_SECONDS = 10;
const POLL_MS = 500;

const skip = await requires("root", "units");

const run = async (program: string, ...args: readonly string[]): Promise<string> =>
  (await promisify(execFile)(program, args, { timeout: COMMAND_TIMEOUT_MS })).stdout;
const mvm = (...args: readonly string[]): Promise<string> => run("/usr/local/sbin/mvm", ...args);
const property = async (unit: string, name: string): Promise<string> =>
  (await run("systemctl", "show", "--value", "-p", name, unit)).trim();
const mainPid = async (unit: string): Promise<number> => Number(await property(unit, "MainPID"));

/** Each instance's process, by when it started as well: a pid alone may be somebody else's later. */
async function processes(): Promise<ReadonlyMap<string, string>> {
  const listed = z
    .object({ instances: z.array(InstanceView) })
    .parse(JSON.parse(await mvm("instance", "list", "--json")));
  const entries = listed.instances.map(async ({ instance_id: id, status }): Promise<readonly [string, string]> => {
    assert.equal(status?.state, "running", id);
    assert.equal(status.guest?.ready, true, id);
    const stat = await readFile(`/proc/${status.pid}/stat`, "utf8");
    const startTicks = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
    return [id, `${status.pid} since ${startTicks}`];
  });
  return new Map(await Promise.all(entries));
}

/** Waits until the unit runs as another process than `before` and says that it is ready. */
async function comesBack(unit: string, beforePid: number): Promise<void> {
  const deadline = performance.now() + BACK_TIMEOUT_MS;
  for (;;) {
    const [state, pid] = [await property(unit, "ActiveState"), await mainPid(unit)];
    if (state === "active" && pid !== beforePid && pid !== 0) return;
    assert.ok(performance.now() < deadline, `${unit} is ${state} with main process ${pid}`);
    await delay(POLL_MS);
  }
}

/** Does something to the servers; afterwards the very same VMs run, and the agent knows them. */
async function leavesVmsAlone(what: () => Promise<unknown>): Promise<void> {
  const earlier = await processes();
  assert.equal(earlier.size, 2);
  await what();
  const deadline = performance.now() + BACK_TIMEOUT_MS;
  for (;;) {
    const now = await processes().catch((error: unknown) => error);
    if (now instanceof Map) {
      assert.deepEqual(now, earlier);
      return;
    }
    if (performance.now() > deadline) throw now;
    await delay(POLL_MS);
  }
}

const statusField = (status: string, name: string): number =>
  Number(new RegExp(`^${name}:\\s*(\\d+)$`, "m").exec(status)?.[1] ?? assert.fail(`no ${name} in\n${status}`));

describe("mvm as systemd units", { skip, timeout: 80 * 60_000 }, () => {
  before(async () => {
    await writeFile(FLEET_PATH, FLEET);
    await mvm("fleet", "apply", FLEET_PATH, "--timeout", "15m");
  });
  after(async () => {
    await mvm("tenant", "destroy", TENANT, "--yes", "--timeout", "10m");
    await rm(FLEET_PATH);
  });

  test("a restart of either server leaves every VM running", async () => {
    for (const unit of ["mvm-agent.service", "mvm-coordinator.service"])
      await leavesVmsAlone(() => run("systemctl", "restart", unit));
  });

  test("a killed agent is started again, and finds its VMs", async () => {
    const pid = await mainPid("mvm-agent.service");
    await leavesVmsAlone(async () => {
      process.kill(pid, "SIGKILL");
      await comesBack("mvm-agent.service", pid);
    });
  });

  test("a hanging server is killed by the watchdog and started again; VMs run on", async () => {
    for (const server of ["agent", "coordinator"]) {
      const unit = `mvm-${server}.service`;
      const dropIn = `/run/systemd/system/${unit}.d`;
      await run("mkdir", "-p", dropIn);
      await writeFile(join(dropIn, "watchdog.conf"), `[Service]\nWatchdogSec=${SHORT_WATCHDOG_SECONDS}\n`);
      await run("systemctl", "daemon-reload");
      await leavesVmsAlone(() => run("systemctl", "restart", unit));
      const pid = await mainPid(unit);
      // Two watchdog times, in which it says that it is alive.
      await delay(2 * SHORT_WATCHDOG_SECONDS * 1000);
      assert.equal(await mainPid(unit), pid, `${unit} is called dead though it lives`);
      await leavesVmsAlone(async () => {
        process.kill(pid, "SIGSTOP");
        await comesBack(unit, pid);
      });
      await rm(dropIn, { recursive: true });
      await run("systemctl", "daemon-reload");
      await leavesVmsAlone(() => run("systemctl", "restart", unit));
    }
  });

  test("an upgrade, the installation replaced and the servers restarted, leaves every VM running", async () => {
    await leavesVmsAlone(async () => {
      await cp(INSTALLATION, `${INSTALLATION}.next`, { recursive: true, preserveTimestamps: true });
      await rename(INSTALLATION, `${INSTALLATION}.previous`);
      await rename(`${INSTALLATION}.next`, INSTALLATION);
      await run("systemctl", "restart", "mvm-coordinator.service", "mvm-agent.service");
      await rm(`${INSTALLATION}.previous`, { recursive: true });
    });
  });

  test("the VMs' cgroup belongs to mvm alone: systemd leaves controllers and limits below it as they are", async () => {
    const parent = join(CGROUP_MOUNT, VMS_CGROUP);
    const mine = join(parent, "systemd-test");
    await mkdir(mine);
    try {
      await writeFile(join(mine, "memory.max"), "104857600");
      await writeFile(join(mine, "cpu.max"), "50000 100000");
      await run("systemctl", "daemon-reload");
      await run("systemctl", "set-property", "--runtime", "mvm.slice", "MemoryHigh=infinity");
      await run("systemctl", "restart", "mvm-agent.service");
      assert.equal((await readFile(join(parent, "cgroup.subtree_control"), "utf8")).trim(), "cpu io memory pids");
      assert.equal((await readFile(join(mine, "memory.max"), "utf8")).trim(), "104857600");
      assert.equal((await readFile(join(mine, "cpu.max"), "utf8")).trim(), "50000 100000");
    } finally {
      await rmdir(mine);
    }
    for (const unit of [VMS_UNIT, VMS_SLICE]) {
      await assert.rejects(run("systemctl", "stop", unit), /refuse/i);
      assert.equal(await property(unit, "ActiveState"), "active");
    }
  });

  test("the death of the process that holds the VMs' cgroup ends no VM, and the agent goes on with it", async () => {
    const [holder] = (await readFile(join(CGROUP_MOUNT, VMS_CGROUP, "holder/cgroup.procs"), "utf8")).trim().split("\n");
    await leavesVmsAlone(async () => {
      process.kill(Number(holder), "SIGKILL");
      await delay(2000);
    });
    assert.equal(await property(VMS_UNIT, "ActiveState"), "active");
    await leavesVmsAlone(() => run("systemctl", "restart", "mvm-agent.service"));
  });

  test("a VM has more system call filters than those that it inherits from the agent's unit", async () => {
    const agent = await readFile(`/proc/${await mainPid("mvm-agent.service")}/status`, "utf8");
    const inherited = statusField(agent, "Seccomp_filters");
    assert.ok(inherited > 0);
    for (const [id, at] of await processes()) {
      const pid = Number.parseInt(at, 10);
      for (const thread of await readdir(`/proc/${pid}/task`)) {
        const status = await readFile(`/proc/${pid}/task/${thread}/status`, "utf8");
        assert.ok(statusField(status, "Seccomp_filters") > inherited, `${id}, thread ${thread}:\n${status}`);
        assert.equal(statusField(status, "NoNewPrivs"), 1);
      }
    }
  });

  test("systemd's own figures are those of the docs", async () => {
    const page = await readFile(join(ROOT, "docs/systemd.md"), "utf8");
    for (const server of ["agent", "coordinator"]) {
      const answer = await run("systemd-analyze", "security", "--no-pager", `mvm-${server}.service`);
      const figure = /exposure level for \S+: (\d+\.\d)/.exec(answer)?.[1] ?? assert.fail(answer);
      const said = new RegExp(`^\\| \`mvm-${server}\\.service\` \\| (\\d+\\.\\d) \\|`, "m").exec(page)?.[1];
      assert.equal(said, figure, `docs/systemd.md about mvm-${server}.service`);
    }
  });
});
