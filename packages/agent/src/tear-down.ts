/**
 * Takes the agent itself off a host, once everything that it ran is destroyed. Called by the CLI
 * when a whole node is removed; never while an agent runs.
 */
import { nodeFiles, nodeRandom, openKeyStore } from "@mvm/core";
import { createBlockDeviceVolumes, createLinuxCommands, createTenantNetworks } from "@mvm/runtime";
import { removeSecretsTmpfs } from "./host/secrets-tmpfs.ts";
import { openAgentDatabase } from "./journal/host/agent-database.ts";
import { sqliteJournal } from "./journal/host/sqlite-journal.ts";
import type { Journal } from "./journal/journal.ts";
import { nodePaths } from "./node-paths.ts";
import { unknownThings } from "./observe/unknown-things.ts";
import type { AgentSettings } from "./settings.ts";

export type NodeOnHost = Pick<
  AgentSettings,
  "mode" | "stateDir" | "runtimeDir" | "keysDir" | "namePrefix" | "uidRange"
>;

/**
 * Removes the agent's directories, database, socket and tmpfs.
 * @returns what of instances is still here, in words; when there is anything, nothing was removed
 * @throws MvmError MVM_AGENT_ALREADY_RUNNING
 */
export async function tearDownNode(settings: NodeOnHost): Promise<readonly string[]> {
  const paths = nodePaths(settings);
  const host = { files: nodeFiles, commands: createLinuxCommands() };
  const left = await remainsOfNode(settings);
  if (left.length > 0) return left;
  await removeSecretsTmpfs(paths.secretsDir, host);
  const database = [paths.database, `${paths.database}-wal`, `${paths.database}-shm`];
  const { secretsDir, vmsDir, jailsDir, outputsDir, networksDir, instancesDir } = paths;
  const directories = [secretsDir, vmsDir, jailsDir, outputsDir, networksDir, instancesDir];
  for (const path of [...directories, paths.socket, ...database]) await nodeFiles.remove(path);
  return [];
}

/**
 * What of instances is on the host, in words: what the journal knows, what carries the node's names
 * without it, so that a lost journal hides nothing, and keys of tenants. Removes nothing.
 * @throws MvmError MVM_AGENT_ALREADY_RUNNING
 */
export async function remainsOfNode(settings: NodeOnHost): Promise<readonly string[]> {
  const paths = nodePaths(settings);
  // A journal that was lost knows of nothing: then everything that is found counts as left.
  const isLost = (await nodeFiles.stat(paths.database)) === null;
  const journal = sqliteJournal(openAgentDatabase(isLost ? ":memory:" : paths.database));
  try {
    const present = journal.records().filter(({ state }) => state !== "destroyed");
    const tenants = await openKeyStore(settings.keysDir, { files: nodeFiles, random: nodeRandom }).tenants();
    return [
      ...present.map(({ instance_id, state }) => `instance ${instance_id}, ${state}`),
      ...(await thingsBeside(journal, settings)),
      ...tenants.map((tenant) => `key of tenant ${tenant} in ${settings.keysDir}`),
    ];
  } finally {
    journal.close();
  }
}

function thingsBeside(journal: Journal, settings: NodeOnHost): Promise<readonly string[]> {
  const paths = nodePaths(settings);
  const { namePrefix } = settings;
  const host = { files: nodeFiles, commands: createLinuxCommands(), namePrefix };
  const networks = createTenantNetworks({ ...host, owner: settings.stateDir, runtimeDir: paths.networksDir });
  // Whichever its mode was: nothing is open in development.
  const volumes = createBlockDeviceVolumes({ ...host, random: nodeRandom });
  return unknownThings({ files: nodeFiles, networks, volumes, journal, settings });
}
