/**
 * The quickstart's two servers as detached processes: started when they don't run, adopted when they
 * do, started anew when the program or the config has changed. VMs outlive both, so that this costs no VM.
 */
import { type EffectiveConfig, isMvmError, MvmError, operatorRoutes, type ProcessRef, unixClient } from "@mvm/core";
import { agentRoutes } from "@mvm/agent";
import type { CliContext } from "../../context.ts";
import type { QuickstartHost } from "./host-port.ts";
import { agentClient } from "../../session.ts";
import { claimDirectory } from "./own-directory.ts";
import { type Owner, ownerText, writeOwnerBeside } from "./owner.ts";
import { logPath, logTail, rotateLog } from "./server-logs.ts";
import { readRecords, type ServerName, serverNames, type ServerRecord, writeRecords } from "./server-records.ts";

const ANSWER_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 60_000;
const POLL_MS = 100;

export interface Servers {
  readonly context: CliContext;
  readonly host: QuickstartHost;
  readonly config: EffectiveConfig;
  /** Whose they are; its config file is the one that they are started with. */
  readonly owner: Owner;
  /** Hash of what that file means. */
  readonly meaning: string;
}

/**
 * Both servers answer afterwards; how many had to be started.
 * @throws MvmError MVM_CONFIG_EXISTS, MVM_API_UNAVAILABLE with the end of the server's log
 */
export async function ensureServers(servers: Servers): Promise<number> {
  const { context, host, config, owner, meaning } = servers;
  const { files } = context;
  const { state_dir: stateDir, runtime_dir: runtimeDir, keys_dir: keysDir } = config.node;
  for (const dir of [stateDir, runtimeDir, keysDir]) await claimDirectory(files, dir, ownerText(owner));
  await writeOwnerBeside(files, owner);
  const records = { ...(await readRecords(files, stateDir)) };
  const wanted = { build: await files.sha256(host.installation.argv[1]), config: owner.config, meaning };
  let started = 0;
  for (const name of serverNames) {
    const record = records[name];
    const isAlive = record !== undefined && (await host.processes.isAlive(record));
    if (isAlive && isAsWanted(record, wanted)) continue;
    if (isAlive) await stopProcess(servers, record);
    else if (await answers(servers, name)) {
      context.stderr.write(`the ${name} was not started by the quickstart: it stays as it is\n`);
      continue;
    }
    const ref = await startServer(servers, name);
    records[name] = { ...ref, ...wanted };
    await writeRecords(files, stateDir, records);
    await waitAnswering(servers, name, ref);
    context.stderr.write(`started the ${name}; its log: ${logPath(config, name)}\n`);
    started += 1;
  }
  return started;
}

type Wanted = Omit<ServerRecord, "pid" | "startTicks">;

/** Whether a live server runs this program with what the config means now. */
export function isAsWanted(record: Wanted, { build, config, meaning }: Wanted): boolean {
  return record.build === build && record.config === config && record.meaning === meaning;
}

/** Stops both, the agent first. */
export async function stopServers(servers: Servers): Promise<void> {
  const { files } = servers.context;
  const records = await readRecords(files, servers.config.node.state_dir);
  for (const name of serverNames.toReversed()) {
    const record = records[name];
    if (record !== undefined) await stopProcess(servers, record);
  }
}

async function startServer({ context, host, config, owner }: Servers, name: ServerName): Promise<ProcessRef> {
  const log = logPath(config, name);
  await rotateLog(context.files, log);
  return host.processes.spawnDetached({
    argv: [...host.installation.argv, name, "run", "--config", owner.config],
    stdoutPath: log,
    stderrPath: log,
  });
}

async function stopProcess({ host }: Servers, ref: ProcessRef): Promise<void> {
  await host.processes.signal(ref, "SIGTERM");
  if (await host.processes.waitGone(ref, STOP_TIMEOUT_MS)) return;
  await host.processes.signal(ref, "SIGKILL");
  await host.processes.waitGone(ref, STOP_TIMEOUT_MS);
}

async function waitAnswering(servers: Servers, name: ServerName, ref: ProcessRef): Promise<void> {
  const { clock, signal } = servers.context;
  const deadline = clock.monotonicMs() + ANSWER_TIMEOUT_MS;
  while (!(await answers(servers, name))) {
    if (!(await servers.host.processes.isAlive(ref))) throw await notUp(servers, name, "ended right after its start");
    if (clock.monotonicMs() >= deadline)
      throw await notUp(servers, name, `does not answer ${ANSWER_TIMEOUT_MS / 1000} s after its start`);
    await clock.sleep(POLL_MS, signal);
  }
}

/** Whether a server, whoever started it, answers at that server's socket. */
export async function answers(
  { config, context }: Pick<Servers, "config" | "context">,
  name: ServerName,
): Promise<boolean> {
  const { signal } = context;
  try {
    if (name === "coordinator") await unixClient(config.coordinator.socket).call(operatorRoutes.getFleet, { signal });
    else await agentClient(config).call(agentRoutes.getStatus, { signal });
    return true;
  } catch (error) {
    if (isMvmError(error, "MVM_API_UNAVAILABLE")) return false;
    throw error;
  }
}

async function notUp({ context, config }: Servers, name: ServerName, what: string): Promise<MvmError> {
  const log = logPath(config, name);
  const tail = await logTail(context.files, log);
  return new MvmError("MVM_API_UNAVAILABLE", {
    message: `the ${name} ${what}`,
    remedy: `See its log: ${log}`,
    cause: new Error(`the log ends with:\n${tail.map((line) => `    ${line}`).join("\n")}`),
    details: { server: name, log },
  });
}
