/**
 * Servers that work for the quickstart's config and that it has no record of: looked for before
 * anything is destroyed, because they can't be ended by --down.
 */
import { nodePaths } from "@mvm/agent";
import { MvmError } from "@mvm/core";
import { readRecords, type ServerName, serverNames, type ServerRecords } from "./server-records.ts";
import { answers, type Servers } from "./servers.ts";

type Look = Omit<Servers, "meaning">;

/** Each server that runs and is not in `records`, in words, with its pid or how to find it. */
export async function strangeServers(servers: Look, records: ServerRecords): Promise<readonly string[]> {
  const { host, owner } = servers;
  const processes = await host.listProcesses();
  const found: string[] = [];
  for (const name of serverNames) {
    const record = records[name];
    const ownPid = record !== undefined && (await host.processes.isAlive(record)) ? record.pid : null;
    const pids = processes.filter(({ argv }) => runs(argv, name, owner.config)).map(({ pid }) => pid);
    const strange = pids.filter((pid) => pid !== ownPid);
    if (strange.length > 0) found.push(`the ${name} with pid ${strange.join(" and ")}`);
    else if (ownPid === null && (await answers(servers, name)))
      found.push(`the ${name} (find its pid with: ss -xlp src ${socketOf(servers, name)})`);
  }
  return found;
}

/** @throws MvmError MVM_QUICKSTART_REFUSED naming them */
export async function refuseStrangeServers(servers: Look): Promise<void> {
  const { context, config } = servers;
  const found = await strangeServers(servers, await readRecords(context.files, config.node.state_dir));
  if (found.length === 0) return;
  throw new MvmError("MVM_QUICKSTART_REFUSED", {
    message: `a server that the quickstart has no record of works for ${servers.owner.config}: ${found.join(", ")}; nothing was removed`,
    remedy: "Stop it (kill PID), then run npm run quickstart -- --down again.",
    details: { servers: found },
  });
}

/** Whether a command line is that of a server of that config. Pure. */
export function runs(argv: readonly string[], name: ServerName, configPath: string): boolean {
  const [server, verb, flag, path] = argv.slice(-4);
  return server === name && verb === "run" && flag === "--config" && path === configPath;
}

function socketOf({ config }: Pick<Servers, "config">, name: ServerName): string {
  if (name === "coordinator") return config.coordinator.socket;
  return nodePaths({ stateDir: config.node.state_dir, runtimeDir: config.node.runtime_dir }).socket;
}
