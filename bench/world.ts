/**
 * A node of its own for the benchmark: config, state, sockets, names and address ranges apart from
 * any other on this machine. Images are shared with the machine's own cache unless said otherwise.
 */
import { type ChildProcess, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { operatorRoutes, unixClient } from "@mvm/core";
import { firecrackerDir } from "@mvm/testing";
import { end, mvm, ROOT, serve } from "./measure.ts";

const IMAGES_DIR = "/var/cache/mvm/images";
const ANSWER_ATTEMPTS = 100;
const ANSWER_PAUSE_MS = 200;

export interface WorldOptions {
  readonly imagesDir?: string;
  readonly parallelStarts?: number;
  /** Default: development. Production takes Firecracker out of MVM_FIRECRACKER_DIR. */
  readonly mode?: "development" | "production";
}

export interface World {
  readonly dir: string;
  readonly config: string;
  /** Runs a command with this world's config; its standard output. */
  mvm(...args: readonly string[]): Promise<string>;
  readonly coordinatorSocket: string;
  /** Process id of its agent. @throws Error when it was not started */
  agentPid(): number;
  /** Starts both servers and waits until they answer. */
  start(): Promise<void>;
  /** Destroys all tenants, ends the servers, removes the directory. */
  close(): Promise<void>;
}

export function createWorld(options: WorldOptions = {}): World {
  const dir = mkdtempSync(join(tmpdir(), "mvm-bench-"));
  const config = join(dir, "mvm.toml");
  mkdirSync(join(dir, "state"), { mode: 0o711 });
  writeFileSync(config, configText(dir, options));
  const servers: ChildProcess[] = [];
  let agent: ChildProcess | null = null;
  const run = (...args: readonly string[]): Promise<string> => mvm(["--config", config, ...args]);
  return {
    dir,
    config,
    mvm: run,
    coordinatorSocket: join(dir, "run", "coordinator.sock"),
    agentPid() {
      const pid = agent?.pid;
      if (pid === undefined) throw new Error("the agent was not started");
      return pid;
    },
    async start() {
      servers.push(serve(["coordinator", "run", "--config", config], join(dir, "coordinator.log")));
      await answers(() => run("tenant", "list"));
      agent = serve(["agent", "run", "--config", config], join(dir, "agent.log"));
      servers.push(agent);
      await answers(async () => {
        const status = await run("node", "status");
        if (status.includes("never reported")) throw new Error("the agent has not reported yet");
        return status;
      });
    },
    async close() {
      try {
        if (servers.length === 0) return;
        const { tenants } = await unixClient(join(dir, "run", "coordinator.sock")).call(operatorRoutes.listTenants);
        for (const { tenant_id: tenant } of tenants) await run("tenant", "destroy", tenant, "--yes", "--quiet");
      } finally {
        for (const server of servers.toReversed()) await end(server);
        // The agent's tmpfs for secrets outlives it, as VMs do.
        spawnSync("umount", [join(dir, "run", "secrets")]);
        rmSync(dir, { recursive: true, force: true });
      }
    },
  };
}

async function answers(question: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await question();
      return;
    } catch (error) {
      if (attempt === ANSWER_ATTEMPTS) throw error;
      await delay(ANSWER_PAUSE_MS);
    }
  }
}

function configText(
  dir: string,
  { imagesDir = IMAGES_DIR, parallelStarts = 1, mode = "development" }: WorldOptions,
): string {
  return `schema_version = 1

[node]
name = "bench"
mode = "${mode}"
${mode === "production" ? productionText() : ""}
state_dir = "${dir}/state"
runtime_dir = "${dir}/run"
parallel_starts = ${parallelStarts}
uid_range = [265536, 265635]

[network]
name_prefix = "mvmbn"
cluster_cidr = "10.126.0.0/16"
uplink_cidr = "100.126.0.0/16"

[images]
dir = "${imagesDir}"
accept = ["debian"]

[ingress]
ports = [18960, 18999]

[microvms]
include = ["${ROOT}/microvms/roles/*.toml", "${ROOT}/microvms/profiles/*/profile.toml"]
`;
}

/** Production hosts that this is measured on are emulated: their guests take their time. */
function productionText(): string {
  return `firecracker_dir = "${firecrackerDir() ?? ""}"
boot_timeout_seconds = 900`;
}
