/**
 * Removes what the quickstart made: tenants with all that is theirs, both servers, state, sockets and
 * the two files. Images that it built and files that were edited stay, unless --purge says otherwise.
 */
import { dirname, resolve } from "node:path";
import { loadConfig, type LoadedConfig, MvmError, operatorRoutes } from "@mvm/core";
import type { CommandInput } from "../../command-input.ts";
import type { CliContext } from "../../context.ts";
import { QUICKSTART_DOWN_TIMEOUT_MS } from "../../default-timeouts.ts";
import { printResult } from "../../output/document.ts";
import { counted } from "../../output/counts.ts";
import { announce, coordinatorClient, factsOf } from "../../session.ts";
import { waitUntilGone } from "../tenant/destroy.ts";
import { readBuilt } from "./built-images.ts";
import { isLockable, withCommandLock } from "./command-lock.ts";
import type { QuickstartHost } from "./host-port.ts";
import { removeImages } from "./images.ts";
import { isOwn, removeOwn } from "./own-directory.ts";
import { ownerOf, ownerOfDirectory, refuseOtherOwner, removeOwnerBeside } from "./owner.ts";
import { loadPlannedConfig } from "./planned-config.ts";
import { removeNode } from "./remove-node.ts";
import { ensureServers, type Servers, stopServers } from "./servers.ts";
import { refuseStrangeServers, strangeServers } from "./strange-servers.ts";
import { quickstartFiles, standings, writeConfigFile, type WriteRequest } from "./write-files.ts";

export async function takeDown(context: CliContext, input: CommandInput, host: QuickstartHost): Promise<void> {
  const { root } = host.installation;
  const { files, clock } = context;
  const dir = resolve(context.cwd, input.text("dir") ?? "quickstart");
  const request = { dir, root, minimal: input.flag("minimal"), machine: host.machine };
  // The config says where everything lies; without it the default places are looked at.
  const isConfigHere = (await files.stat(quickstartFiles(dir).config)) !== null;
  const loaded = isConfigHere
    ? await loadConfig({ flag: quickstartFiles(dir).config, cwd: context.cwd, files })
    : await loadPlannedConfig(context, request);
  if (isConfigHere) announce(context, loaded);
  const stateDir = loaded.config.node.state_dir;
  const work = (): Promise<void> => takeAllDown({ context, host, loaded, request }, input);
  const lock = { files, clock, host, stateDir, command: "quickstart --down" };
  await ((await isLockable(files, stateDir)) ? withCommandLock(lock, work) : work());
}

interface TakingDown {
  readonly context: CliContext;
  readonly host: QuickstartHost;
  readonly loaded: LoadedConfig;
  readonly request: WriteRequest;
}

/** Looks first: nothing is destroyed when it is another's, or when it could not be brought to its end. */
async function takeAllDown({ context, host, loaded, request }: TakingDown, input: CommandInput): Promise<void> {
  const { files } = context;
  const { config } = loaded;
  const installed = await ownerOfDirectory(files, config.node.state_dir);
  const owner = ownerOf(loaded, installed?.kind ?? (request.minimal ? "minimal" : "full"));
  const servers = { context, host, config, owner, meaning: loaded.meaningHash };
  await refuseOtherOwner(files, owner);
  const wasThere = await isOwn(files, config.node.state_dir);
  if (wasThere) {
    await refuseStrangeServers(servers);
    // Servers that have to be started read it.
    if ((await files.stat(loaded.path)) === null) await writeConfigFile(context, request);
    await removeRunning(servers, input);
  } else {
    await refuseRemains(servers);
  }
  for (const dir of [config.node.runtime_dir, config.node.keys_dir]) await removeOwn(files, dir);
  await removeOwnerBeside(files, loaded.path);
  const purge = input.flag("purge");
  const imagesRemoved = purge ? await removeImages(context, config) : 0;
  const imagesLeft = (await readBuilt(files, config.images.dir)).length;
  const kept = await removeFiles(context, loaded, { purge, standings: await standings(files, request) });
  printResult(context, input, {
    config: factsOf(loaded),
    document: { removed: wasThere, images_removed: imagesRemoved, kept },
    text: () => {
      context.stdout.write(wasThere ? "the quickstart is removed\n" : "there was no quickstart to remove\n");
      for (const line of imageLines(config.images.dir, { purge, removed: imagesRemoved, left: imagesLeft }))
        context.stdout.write(`${line}\n`);
      for (const path of kept) context.stdout.write(`kept ${path}: you edited it\n`);
    },
  });
}

interface OwnImages {
  readonly purge: boolean;
  readonly removed: number;
  readonly left: number;
}

/** Of the images that the quickstart built; nothing is said of none unless it was asked for. */
function imageLines(dir: string, { purge, removed, left }: OwnImages): readonly string[] {
  if (removed > 0) return [`${counted(removed, "image")} removed from ${dir}`];
  if (purge) return [`no image in ${dir} was built by the quickstart: none is removed`];
  const verbs = left === 1 ? "stays" : "stay";
  return left === 0
    ? []
    : [
        `${counted(left, "image")} that the quickstart built ${verbs} in ${dir}; --purge removes ${left === 1 ? "it" : "them"}`,
      ];
}

/** Destroying needs both servers: only they know what belongs to a tenant. */
async function removeRunning(servers: Servers, input: CommandInput): Promise<void> {
  const { context, host, config } = servers;
  await ensureServers(servers);
  const coordinator = coordinatorClient(context, config);
  const { signal, claimedBy, files } = context;
  const { tenants } = await coordinator.call(operatorRoutes.listTenants, { signal });
  for (const { tenant_id: tenant } of tenants) {
    await coordinator.call(operatorRoutes.destroyTenant, {
      params: { tenant },
      body: { claimed_by: claimedBy },
      signal,
    });
  }
  const timeoutMs = input.durationMs("timeout") ?? QUICKSTART_DOWN_TIMEOUT_MS;
  const ids = tenants.map(({ tenant_id: id }) => id);
  await waitUntilGone(context, { coordinator }, { ids, timeoutMs, quiet: input.flag("quiet") });
  await stopServers(servers);
  await removeNode({ files, host, config });
}

/**
 * Without the mark nothing tells the servers what to destroy: what is still there is named.
 * @throws MvmError MVM_NODE_NOT_EMPTY
 */
async function refuseRemains(servers: Servers): Promise<void> {
  const { config, owner } = servers;
  // Records of a directory that isn't marked are nobody's: whatever runs is named.
  const strange = await strangeServers(servers, {});
  const left = strange.length > 0 ? strange : await remains(servers);
  if (left.length === 0) return;
  throw new MvmError("MVM_NODE_NOT_EMPTY", {
    message: `${config.node.state_dir} is not marked as the quickstart's, but this of ${owner.config} is on the host: ${left.join("; ")}`,
    remedy:
      "End the named servers first (kill PID), then the processes (kill PID), namespaces (ip netns delete NAME), links (ip link delete NAME), tables (nft delete table FAMILY NAME), volumes (dmsetup remove PREFIX-INSTANCE), directories and keys (umount, rm -r); then run npm run quickstart -- --down again.",
    details: { left },
  });
}

/** Where only the state directory is gone, what is left of the node's own (such as its tmpfs) is taken off with the look. */
async function remains({ context, host, config }: Servers): Promise<readonly string[]> {
  const isStateGone = (await context.files.stat(config.node.state_dir)) === null;
  const isOurs = isStateGone && (await isOwn(context.files, config.node.runtime_dir));
  return isOurs ? host.tearDownNode(config) : host.remainsOfNode(config);
}

interface Removal {
  readonly purge: boolean;
  readonly standings: Awaited<ReturnType<typeof standings>>;
}

/** Removes the written files, and their directory when nothing else is in it; the paths that stay. */
async function removeFiles({ files }: CliContext, loaded: LoadedConfig, removal: Removal): Promise<readonly string[]> {
  const kept: string[] = [];
  for (const { path, standing } of removal.standings) {
    if (standing === "edited" && !removal.purge) kept.push(path);
    else await files.remove(path);
  }
  const dir = dirname(loaded.path);
  if ((await files.list(dir)).length === 0) await files.remove(dir);
  return kept;
}
