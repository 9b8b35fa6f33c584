/**
 * A whole product for one acceptance test: its own mvm.toml, fleet file, coordinator and agent as
 * real processes of the real CLI, in a directory and under a name prefix of its own.
 *
 * `close()` destroys what the fleet made, ends the processes by pid and then *looks*, before and
 * after the node itself is removed: whatever of this world is still on the host fails the test. The
 * built images are shared between worlds.
 */
import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { tearDownNode } from "@mvm/agent";
import * as z from "zod";
import { startCaretaker } from "../caretaker.ts";
import { firecrackerDir } from "../requirements.ts";
import { imagesDir } from "../test-images.ts";
import { traces } from "./traces.ts";

const TenantList = z.object({ tenants: z.array(z.object({ tenant_id: z.string() })) });
const ROOT = resolve(import.meta.dirname, "../../../..");
const CLI = join(ROOT, "packages/cli/src/main.ts");

/** Of [node] uid_range, which no world sets. */
const DEFAULT_UID_RANGE = [200_000, 265_535] as const;

/** Longer than any that a command is given. */
const COMMAND_TIMEOUT_MS = 2 * 60 * 60_000;

export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface WorldOptions {
  /** 1 to 4 lower-case letters or digits, different for each world that lives at the same time. */
  readonly name: string;
  /** Default: development. Production takes Firecracker from where the tests were told that it is. */
  readonly mode?: "development" | "production";
  /** The fleet file's text. */
  readonly fleet: string;
  /** Second byte of the world's cluster range 10.N.0.0/16 and of its uplink range 100.N.0.0/16 (64 to 127). */
  readonly range: number;
  readonly firstIngressPort: number;
  readonly parallelStarts?: number;
  /** More lines for `[node]`. */
  readonly node?: string;
}

export interface World {
  readonly dir: string;
  /** Beginning of the names of all that is its on this host. */
  readonly namePrefix: string;
  readonly configPath: string;
  readonly fleetPath: string;
  /** Runs the CLI with this world's config; never throws for its exit code. */
  mvm(...args: readonly string[]): Promise<CliResult>;
  /** Runs it with `--json`, expects exit code 0 and gives the document. */
  json(...args: readonly string[]): Promise<unknown>;
  /** Starts a server of this world; resolves when it answers. */
  start(server: "coordinator" | "agent"): Promise<void>;
  /** Ends it by pid with a signal and waits until it is gone. */
  end(server: "coordinator" | "agent", signal: NodeJS.Signals): Promise<void>;
  /** What the server printed since it first started. */
  log(server: "coordinator" | "agent"): Promise<string>;
  close(): Promise<void>;
}

/** Writes the files, builds the images that the fleet needs, starts both servers. The fleet is not applied yet. */
export async function createWorld(options: WorldOptions): Promise<World> {
  const dir = await mkdtemp("/tmp/mvm-world-");
  const configPath = join(dir, "mvm.toml");
  const fleetPath = join(dir, "fleet.toml");
  const caretaker = startCaretaker({ dirs: [dir], namePrefix: prefixOf(options) });
  await mkdir(join(dir, "state"), { mode: 0o711 });
  await writeFile(configPath, configText(dir, options));
  await writeFile(fleetPath, options.fleet);

  const servers = new Map<string, ChildProcess>();
  const logPath = (server: string): string => join(dir, `${server}.log`);

  const mvm = (...args: readonly string[]): Promise<CliResult> => runCli(["--config", configPath, ...args]);
  const world: World = {
    dir,
    namePrefix: prefixOf(options),
    configPath,
    fleetPath,
    mvm,
    async json(...args) {
      const { code, stdout, stderr } = await mvm("--json", ...args);
      assert.equal(code, 0, `mvm ${args.join(" ")}: ${stderr}${stdout}`);
      const document: unknown = JSON.parse(stdout);
      return document;
    },
    async start(server) {
      const child = spawn(process.execPath, [CLI, "--config", configPath, server, "run"], {
        stdio: ["ignore", "pipe", "pipe"],
      });
      const log = createWriteStream(logPath(server), { flags: "a" });
      child.stdout.pipe(log, { end: false });
      child.stderr.pipe(log, { end: false });
      servers.set(server, child);
      await answers({ server, child, mvm, log: () => readFile(logPath(server), "utf8") });
    },
    async end(server, signal) {
      const child = servers.get(server);
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, "exit");
      child.kill(signal);
      await gone;
    },
    log: (server) => readFile(logPath(server), "utf8"),
    async close() {
      try {
        await destroyAll(world);
        await world.end("agent", "SIGTERM");
        await world.end("coordinator", "SIGTERM");
        await assertNothingLeft(world, options);
      } finally {
        await caretaker.close();
      }
    },
  };
  try {
    await world.start("coordinator");
    await world.start("agent");
  } catch (error) {
    await caretaker.close();
    throw error;
  }
  return world;
}

/** Builds an image, or finds it built. */
export async function buildImage(world: Pick<World, "mvm">, role: string, profile: string): Promise<void> {
  const { code, stderr } = await world.mvm("image", "build", role, profile);
  assert.equal(code, 0, stderr);
}

/** Applies the world's fleet file and waits until it is as wanted. */
export async function applyFleet(world: World, timeout = "600s"): Promise<void> {
  const { code, stderr, stdout } = await world.mvm("fleet", "apply", world.fleetPath, "--timeout", timeout);
  assert.equal(code, 0, `${stderr}\n${stdout}\n${await world.log("agent")}`);
}

export function runCli(args: readonly string[], cwd = "/"): Promise<CliResult> {
  return new Promise((done) => {
    execFile(
      process.execPath,
      [CLI, ...args],
      { cwd, maxBuffer: 16 << 20, timeout: COMMAND_TIMEOUT_MS },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
        done({ code, stdout, stderr });
      },
    );
  });
}

async function destroyAll(world: World): Promise<void> {
  const { code, stdout } = await world.mvm("--json", "tenant", "list");
  if (code !== 0) return;
  const { tenants } = TenantList.parse(JSON.parse(stdout));
  for (const { tenant_id: tenant } of tenants)
    await world.mvm("tenant", "destroy", tenant, "--yes", "--timeout", "120s");
}

/** Looks twice: what the product itself takes away with the node can't be seen afterwards. */
async function assertNothingLeft({ dir, namePrefix }: World, { mode = "development" }: WorldOptions): Promise<void> {
  const left = await traces({ dir, namePrefix, nodeStands: true });
  const places = { stateDir: join(dir, "state"), runtimeDir: join(dir, "run"), keysDir: join(dir, "state-keys") };
  const known = await tearDownNode({ ...places, mode, namePrefix, uidRange: DEFAULT_UID_RANGE });
  const seen = await traces({ dir, namePrefix, nodeStands: false });
  assert.deepEqual({ left, known, seen }, { left: [], known: [], seen: [] }, "left after everything was destroyed");
}

interface StartingServer {
  readonly server: string;
  readonly child: ChildProcess;
  readonly mvm: World["mvm"];
  readonly log: () => Promise<string>;
}

async function answers({ server, child, mvm, log }: StartingServer): Promise<void> {
  const question = server === "agent" ? ["node", "status"] : ["tenant", "list"];
  for (let attempt = 0; attempt < 60; attempt += 1) {
    if (child.exitCode !== null) throw new Error(`${server} ended with ${child.exitCode}: ${await log()}`);
    const { code, stdout } = await mvm("--json", ...question);
    if (code === 0 && (server !== "agent" || stdout.includes("observed_generation"))) return;
    await delay(250);
  }
  throw new Error(`${server} does not answer: ${await log()}`);
}

const prefixOf = ({ name }: WorldOptions): string => `t${name}`;

function configText(dir: string, options: WorldOptions): string {
  const { range, firstIngressPort: port } = options;
  return `schema_version = 1

[node]
name = "node-1"
mode = "${options.mode ?? "development"}"
state_dir = "${dir}/state"
runtime_dir = "${dir}/run"
parallel_starts = ${options.parallelStarts ?? 2}
${options.mode === "production" ? `firecracker_dir = "${firecrackerDir() ?? ""}"\naccept_firecracker = ["1.17.0-dev"]` : ""}
${options.node ?? ""}

[network]
name_prefix = "${prefixOf(options)}"
cluster_cidr = "10.${range}.0.0/16"
uplink_cidr = "100.${range}.0.0/16"

[images]
dir = "${imagesDir()}"
accept = ["debian"]

[ingress]
ports = [${port}, ${port + 49}]

[microvms]
include = [
  "${ROOT}/microvms/roles/*.toml",
  "${ROOT}/microvms/profiles/*/profile.toml",
  "${ROOT}/packages/testing/microvms/probe.toml",
]
`;
}
