/**
 * Takes the agent itself off a host, once everything that it ran is destroyed. Called by the CLI
 * when a whole node is removed; never while an agent runs.
 */
import { nodeFiles, nodeRandom } from "@mvm/core";
import { createDmCryptVolumes, createLinuxCommands, createTenantNetworks } from "@mvm/runtime";
import { removeSecretsTmpfs } from "./host/secrets-tmpfs.ts";
import { openAgentDatabase } from "./journal/host/agent-database.ts";
import { sqliteJournal } from "./journal/host/sqlite-journal.ts";
import { nodePaths } from "./node-paths.ts";
import { unknownThings } from "./observe/unknown-things.ts";
import type { AgentSettings } from "./settings.ts";

/**
 * Removes the agent's directories, database, socket and tmpfs.
 * @returns what of instances is still here, in words; when there is anything, nothing was removed
 * @throws MvmError MVM_AGENT_ALREADY_RUNNING
 */
export async function tearDownNode(
  settings: Pick<AgentSettings, "stateDir" | "runtimeDir" | "namePrefix">,
): Promise<readonly string[]> {
  const paths = nodePaths(settings);
  const host = { files: nodeFiles, commands: createLinuxCommands() };
  const left = await remains(settings);
  if (left.length > 0) return left;
  await removeSecretsTmpfs(paths.secretsDir, host);
  const database = [paths.database, `${paths.database}-wal`, `${paths.database}-shm`];
  for (const path of [paths.secretsDir, paths.vmsDir, paths.networksDir, paths.socket, paths.instancesDir, ...database])
    await nodeFiles.remove(path);
  return [];
}

async function remains(
  settings: Pick<AgentSettings, "stateDir" | "runtimeDir" | "namePrefix">,
): Promise<readonly string[]> {
  const paths = nodePaths(settings);
  if ((await nodeFiles.stat(paths.database)) === null) return [];
  const journal = sqliteJournal(openAgentDatabase(paths.database));
  try {
    const present = journal.records().filter(({ state }) => state !== "destroyed");
    const host = { files: nodeFiles, commands: createLinuxCommands() };
    const networks = createTenantNetworks({
      ...host,
      namePrefix: settings.namePrefix,
      runtimeDir: paths.networksDir,
    });
    // Whichever its mode was: nothing is open in development.
    const volumes = createDmCryptVolumes({ ...host, random: nodeRandom, namePrefix: settings.namePrefix });
    const parts = { files: nodeFiles, networks, volumes, journal, paths, namePrefix: settings.namePrefix };
    const things = await unknownThings(parts);
    return [...present.map(({ instance_id, state }) => `instance ${instance_id}, ${state}`), ...things];
  } finally {
    journal.close();
  }
}
