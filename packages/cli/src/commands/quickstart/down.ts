/**
 * Removes what the quickstart made: tenants with all that is theirs, both servers, state, sockets and
 * the two files. Images stay, and so do files that were edited, unless --purge says otherwise.
 */
import { dirname, resolve } from "node:path";
import { purgeImages } from "@mvm/agent";
import { loadConfig, type LoadedConfig, MvmError, operatorRoutes, unixClient } from "@mvm/core";
import type { CommandInput } from "../../command-input.ts";
import type { CliContext } from "../../context.ts";
import { printResult } from "../../output/document.ts";
import { announce, factsOf } from "../../session.ts";
import { waitUntilGone } from "../tenant/destroy.ts";
import type { QuickstartHost } from "./host-port.ts";
import { isOwn } from "./own-directory.ts";
import { removeNode } from "./remove-node.ts";
import { ensureServers, type Servers, stopServers } from "./servers.ts";
import { quickstartFiles, standings, writeQuickstartFiles } from "./write-files.ts";

const DEFAULT_TIMEOUT_MS = 300_000;

export async function takeDown(context: CliContext, input: CommandInput, host: QuickstartHost): Promise<void> {
  const { root } = host.installation;
  const { files } = context;
  const dir = resolve(context.cwd, input.text("dir") ?? "quickstart");
  const request = { dir, root, minimal: false, machine: host.machine };
  // The config says where everything lies; without it the default places are looked at.
  if ((await files.stat(quickstartFiles(dir).config)) === null) await writeQuickstartFiles(context, request);
  const loaded = await loadConfig({ flag: quickstartFiles(dir).config, cwd: context.cwd, files });
  announce(context, loaded);
  const { node, images } = loaded.config;

  const wasThere = await isOwn(files, node.state_dir);
  if (wasThere) await removeRunning({ context, host, config: loaded.config, configPath: loaded.path }, input);
  const purge = input.flag("purge");
  if (purge) await purgeImages(files, images.dir);
  const kept = await removeFiles(context, loaded, { purge, standings: await standings(files, request) });
  printResult(context, input, {
    config: factsOf(loaded),
    document: { removed: wasThere, images_removed: purge, kept },
    text: () => {
      context.stdout.write(wasThere ? "the quickstart is removed\n" : "there was no quickstart to remove\n");
      if (!purge) context.stdout.write(`images stay in ${images.dir}; --purge removes them as well\n`);
      for (const path of kept) context.stdout.write(`kept ${path}: you edited it\n`);
    },
  });
}

/** Destroying needs both servers: only they know what belongs to a tenant. */
async function removeRunning(servers: Servers, input: CommandInput): Promise<void> {
  const { context, host, config } = servers;
  await ensureServers(servers);
  const coordinator = unixClient(config.coordinator.socket);
  const { signal, claimedBy, files } = context;
  const { tenants } = await coordinator.call(operatorRoutes.listTenants, { signal });
  for (const { tenant_id: tenant } of tenants) {
    await coordinator.call(operatorRoutes.destroyTenant, {
      params: { tenant },
      body: { claimed_by: claimedBy },
      signal,
    });
  }
  const timeoutMs = input.durationMs("timeout") ?? DEFAULT_TIMEOUT_MS;
  await Promise.all(
    tenants.map(({ tenant_id: id }) =>
      waitUntilGone(context, { coordinator }, { id, timeoutMs, quiet: input.flag("quiet") }),
    ),
  );
  if (!(await stopServers(servers))) {
    throw new MvmError("MVM_AGENT_ALREADY_RUNNING", {
      message: `a server that the quickstart did not start still runs with ${servers.configPath}`,
      remedy: "Stop it, then run npm run quickstart -- --down again.",
    });
  }
  await removeNode({ files, host, config });
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
