/**
 * The agent put together over this host: adapters, journal, API, coordinator client. Called by the
 * CLI's `agent run`, which owns the handle and closes it. Closing it stops no VM.
 */
import { getRequestListener } from "@hono/node-server";
import { createDriveImages } from "@mvm/build";
import {
  listenOnSocket,
  nodeClock,
  nodeFiles,
  nodeRandom,
  openKeyStore,
  type CommandRunner,
  type Logger,
  type NodeCheckReport,
} from "@mvm/core";
import {
  createBlockDeviceVolumes,
  createFirecrackerDriver,
  createLinuxCommands,
  createLinuxProcesses,
  createLuksFileVolumes,
  createPipes,
  createQemuDriver,
  createRawFiles,
  createTenantNetworks,
  createUnixHttp,
  createUnixSockets,
  type VmmDriver,
  type Volumes,
} from "@mvm/runtime";
import { agentApp } from "./api/agent-app.ts";
import type { NodeAgentPorts } from "./assemble-node.ts";
import { createBootImages } from "./boot-images.ts";
import { unixCoordinator } from "./coordinator-client/coordinator.ts";
import { followSpec } from "./coordinator-client/follow-spec.ts";
import { statusReporter } from "./coordinator-client/report-status.ts";
import { relaxationsOf, requireRoot } from "./host-support.ts";
import { isHostEnding } from "./host/host-end.ts";
import { claimNamePrefix, type PrefixClaim } from "./host/prefix-claim.ts";
import { ensureSecretsTmpfs } from "./host/secrets-tmpfs.ts";
import { openTcpForwarder } from "./ingress/host/tcp-forwarder.ts";
import { openAgentDatabase } from "./journal/host/agent-database.ts";
import { sqliteJournal } from "./journal/host/sqlite-journal.ts";
import type { Journal } from "./journal/journal.ts";
import { createNodeAgent, type NodeAgent } from "./node-agent.ts";
import { checkNode, requireFit } from "./node-check.ts";
import { nodePaths, type NodePaths } from "./node-paths.ts";
import { reportUnknownThings } from "./observe/unknown-things.ts";
import type { AgentSettings } from "./settings.ts";
import type { NodeFacts } from "./status/node-status.ts";
import { CGROUP_MOUNT, VMS_CGROUP } from "./vms-cgroup.ts";

export interface AgentPorts {
  readonly logger: Logger;
  /** What this program calls itself. */
  readonly version: string;
}

export interface RunningAgent {
  readonly socketPath: string;
  /** Whether it goes on reconciling. */
  isAlive(): boolean;
  /**
   * Ends what is under way where it is; VMs run on, and the next agent goes on from the journal. Only when
   * the host itself goes down are guests asked to stop first.
   */
  close(): Promise<void>;
}

/**
 * Starts the agent; it serves and reconciles when this resolves.
 * @throws MvmError MVM_HOST_NOT_ROOT, MVM_HOST_UNSUPPORTED, MVM_AGENT_ALREADY_RUNNING, MVM_NET_PREFIX_TAKEN, MVM_STORE_FAILED, MVM_API_UNAVAILABLE
 */
export async function runAgent(settings: AgentSettings, { logger, version }: AgentPorts): Promise<RunningAgent> {
  requireRoot(process.getuid?.() ?? -1);
  const host = thisHost();
  const driver = driverOf(settings, host);
  const report = await checkNode(settings, await driver.fingerprint());
  requireFit(report);

  const paths = nodePaths(settings);
  const journal = await openJournal(settings, paths);
  let claim: PrefixClaim | null = null;
  try {
    claim = await claimNamePrefix({ ...settings, files: nodeFiles });
    await ensureSecretsTmpfs(paths.secretsDir, host);
    return await serve({
      settings,
      paths,
      driver,
      commands: host.commands,
      report,
      journal,
      logger,
      version,
      claim,
      ports: portsOver(host, { settings, paths, driver, journal, logger }),
    });
  } catch (error) {
    await claim?.release();
    driver.close();
    journal.close();
    throw error;
  }
}

/** What `mvm node check` tells; needs no running agent, and root to see all. */
export async function checkThisNode(settings: AgentSettings): Promise<NodeCheckReport> {
  const driver = driverOf(settings, thisHost());
  try {
    return await checkNode(settings, await driver.fingerprint());
  } finally {
    driver.close();
  }
}

function thisHost(): Host {
  return {
    commands: createLinuxCommands(),
    files: nodeFiles,
    processes: createLinuxProcesses(),
    clock: nodeClock,
    random: nodeRandom,
  };
}

/** The mode decides, and nothing else: there is no falling back from one driver to the other. */
function driverOf(settings: AgentSettings, host: Host): VmmDriver {
  const sockets = createUnixSockets();
  if (settings.mode === "development") return createQemuDriver({ ...host, sockets, stateDir: settings.stateDir });
  return createFirecrackerDriver({
    ...host,
    sockets,
    http: createUnixHttp(),
    pipes: createPipes(),
    raw: createRawFiles(),
    programsDir: settings.firecrackerDir,
    jailsDir: nodePaths(settings).jailsDir,
    cgroupMount: CGROUP_MOUNT,
    cgroupParent: VMS_CGROUP,
  });
}

/** Volumes of the kind that the driver opens. */
function volumesFor({ capabilities }: VmmDriver, { namePrefix }: AgentSettings, host: Host): Volumes {
  return capabilities.dataDrive === "block-device"
    ? createBlockDeviceVolumes({ ...host, namePrefix })
    : createLuksFileVolumes(host);
}

async function openJournal({ stateDir, runtimeDir }: AgentSettings, paths: NodePaths): Promise<Journal> {
  for (const dir of [stateDir, runtimeDir, paths.instancesDir, paths.vmsDir])
    await nodeFiles.ensureDir(dir, { mode: 0o711 });
  // Made before SQLite does, which would make it readable by all.
  if ((await nodeFiles.stat(paths.database)) === null) await nodeFiles.writeAtomic(paths.database, "", { mode: 0o600 });
  return sqliteJournal(openAgentDatabase(paths.database));
}

type Host = Pick<NodeAgentPorts, "files" | "processes" | "clock" | "random"> & {
  readonly commands: CommandRunner;
};

interface Program {
  readonly settings: AgentSettings;
  readonly paths: NodePaths;
  readonly driver: VmmDriver;
  readonly journal: Journal;
  readonly logger: Logger;
}

/** A program on its node, by what was seen of the host when it started. */
interface NodeProgram extends Program {
  readonly commands: CommandRunner;
  readonly report: NodeCheckReport;
  readonly version: string;
}

function portsOver(host: Host, { settings, paths, driver, journal, logger }: Program): NodeAgentPorts {
  const { files, processes, clock, random } = host;
  return {
    driver,
    networks: createTenantNetworks({
      ...host,
      namePrefix: settings.namePrefix,
      owner: settings.stateDir,
      runtimeDir: paths.networksDir,
    }),
    volumes: volumesFor(driver, settings, host),
    drives: createDriveImages(host),
    images: createBootImages(settings, files),
    keys: openKeyStore(settings.keysDir, { files, random }),
    openForwarder: openTcpForwarder,
    files,
    processes,
    journal,
    clock,
    random,
    log: logger,
  };
}

async function serve(
  program: NodeProgram & { readonly claim: PrefixClaim; readonly ports: NodeAgentPorts },
): Promise<RunningAgent> {
  const { settings, paths, driver, commands, journal, logger: log, version, claim, ports } = program;
  const facts = await liveFacts(program);
  const coordinator = unixCoordinator(settings.coordinatorSocket, settings.node);
  const reporter = statusReporter({ coordinator, clock: nodeClock, log, journal, status: () => agent.status() });
  const changed = (): void => {
    facts.refresh();
    reporter.ring();
  };
  const agent: NodeAgent = createNodeAgent({ settings, ports, facts: facts.now, agentVersion: version, changed });

  await agent.recover();
  await reportUnknownThings({ ...ports, settings }, log);
  const app = agentApp({ ...agent, status: () => reporter.status() }, log);
  const server = await listenOnSocket({
    path: paths.socket,
    listener: getRequestListener((request) => app.fetch(request)),
    takenCode: "MVM_AGENT_ALREADY_RUNNING",
  });
  const stop = new AbortController();
  const generation = (): number => journal.spec()?.generation ?? -1;
  const loops = Promise.all([
    agent.run(),
    reporter.run(stop.signal),
    followSpec({ coordinator, clock: nodeClock, log, generation, take: (spec) => agent.takeSpec(spec) }, stop.signal),
  ]);
  log.info("agent.started", {
    socket: paths.socket,
    node: settings.node,
    mode: settings.mode,
    config_hash: settings.config.hash,
  });
  return {
    socketPath: paths.socket,
    isAlive: () => agent.isAlive(),
    async close() {
      stop.abort();
      await agent.close({ isHostEnding: await isHostEnding(commands) });
      await loops;
      await server.close();
      await claim.release();
      driver.close();
      journal.close();
      log.info("agent.stopped", { reason: "manual" });
    },
  };
}

/** Facts that follow the driver: it learns of the host's acceleration with the first launch. */
async function liveFacts({
  driver,
  report,
  logger,
  version,
}: NodeProgram): Promise<{ now: () => NodeFacts; refresh: () => void }> {
  const startedAtMs = nodeClock.nowMs();
  const look = async (): Promise<NodeFacts> => {
    const fingerprint = await driver.fingerprint();
    return {
      agentVersion: version,
      startedAtMs,
      driver: fingerprint,
      memOverhead: fingerprint.memOverhead,
      relaxations: relaxationsOf(fingerprint, report),
    };
  };
  let facts = await look();
  for (const relaxation of facts.relaxations) logger.warn("node.relaxation", { relaxation });
  const refresh = async (): Promise<void> => {
    facts = await look().catch(() => facts);
  };
  return { now: () => facts, refresh: () => void refresh() };
}
