/**
 * Brings the quickstart up, from nothing or from wherever an earlier run was interrupted: every step
 * looks first and does only what is missing.
 */
import { resolve } from "node:path";
import { QEMU_MEM_OVERHEAD } from "@mvm/agent";
import { type InstanceView, type LoadedConfig, loadFleet, type LoadedFleet, MvmError, operatorRoutes } from "@mvm/core";
import type { CommandInput } from "../../command-input.ts";
import type { CliContext } from "../../context.ts";
import { QUICKSTART_TIMEOUT_MS } from "../../default-timeouts.ts";
import { printResult } from "../../output/document.ts";
import { announce, coordinatorClient, factsOf } from "../../session.ts";
import { judgeAll } from "../fleet/apply.ts";
import { withPlaces } from "../fleet/placed-problems.ts";
import { waitForInstances, type WaitRequest } from "../instance/wait.ts";
import { withCommandLock } from "./command-lock.ts";
import { expectationText } from "./expectation.ts";
import type { QuickstartHost } from "./host-port.ts";
import { ensureImages } from "./images.ts";
import { isOwn } from "./own-directory.ts";
import { type Owner, ownerOf, ownerOfDirectory, refuseOtherKind, refuseOtherOwner } from "./owner.ts";
import { loadPlannedConfig } from "./planned-config.ts";
import { logPath } from "./server-logs.ts";
import { ensureServers } from "./servers.ts";
import { checkRoom, wantedMemMib, wantedTypes } from "./sizing.ts";
import { printSummary } from "./summary.ts";
import { fleetStanding, writeConfigFile, writeFleetFile, type WriteRequest } from "./write-files.ts";

export async function bringUp(context: CliContext, input: CommandInput, host: QuickstartHost): Promise<void> {
  const startedAt = context.clock.monotonicMs();
  const sinceMs = context.clock.nowMs();
  const request = {
    dir: resolve(context.cwd, input.text("dir") ?? "quickstart"),
    root: host.installation.root,
    minimal: input.flag("minimal"),
    machine: host.machine,
  };
  const loaded = await loadPlannedConfig(context, request);
  const { files, clock } = context;
  const lock = { files, clock, host, stateDir: loaded.config.node.state_dir, command: "quickstart" };
  await withCommandLock(lock, async () => {
    const owner = await settleOwner(context, loaded, request);
    await writeConfigFile(context, request);
    announce(context, loaded);
    const fleet = await loadFleet(await writeFleetFile(context, request), context);
    if (!input.flag("quiet") && !(await isOwn(files, owner.node.state_dir))) await sayWhatToExpect(context, request);
    const { instances, changes } = await bringUpFleet({ context, host, loaded, owner, fleet, sinceMs }, input);
    const summary = {
      instances,
      tookMs: clock.monotonicMs() - startedAt,
      wasUp: changes === 0,
      configPath: loaded.path,
      profiles: loaded.config.microvms.profiles,
    };
    printResult(context, input, {
      config: factsOf(loaded),
      document: { instances, took_ms: Math.round(summary.tookMs), was_up: summary.wasUp },
      text: () => printSummary(context, summary),
    });
  });
}

/**
 * Whose this is, once nothing speaks against it; a fleet file that was edited is not overwritten, so
 * that it fits whatever kind is installed.
 * @throws MvmError MVM_QUICKSTART_REFUSED
 */
async function settleOwner(context: CliContext, loaded: LoadedConfig, request: WriteRequest): Promise<Owner> {
  const { files } = context;
  const owner = ownerOf(loaded, request.minimal ? "minimal" : "full");
  await refuseOtherOwner(files, owner);
  const installed = await ownerOfDirectory(files, owner.node.state_dir);
  if (installed !== null && (await fleetStanding(files, request)) === "edited")
    return { ...owner, kind: installed.kind };
  refuseOtherKind(installed, owner);
  return owner;
}

async function sayWhatToExpect({ files, stderr }: CliContext, { minimal, machine }: WriteRequest): Promise<void> {
  const hasKvm = (await files.stat("/dev/kvm")) !== null;
  stderr.write(`${expectationText({ minimal, cpus: machine.cpus, hasKvm })}\n`);
}

interface Bringing {
  readonly context: CliContext;
  readonly host: QuickstartHost;
  readonly loaded: LoadedConfig;
  readonly owner: Owner;
  readonly fleet: LoadedFleet;
  /** When the command began, milliseconds since 1970. */
  readonly sinceMs: number;
}

/** Images, servers, fleet, instances; how much of it was new. */
async function bringUpFleet(bringing: Bringing, input: CommandInput) {
  const { context, host, loaded, owner, fleet, sinceMs } = bringing;
  const quiet = input.flag("quiet");
  const { config } = loaded;
  checkRoom(host.machine, {
    // Whether KVM works is found by the first launch: until then guests count as emulated, which takes more.
    wantedMib: wantedMemMib({
      fleet: fleet.fleet,
      microvms: config.microvms,
      overhead: QEMU_MEM_OVERHEAD.emulated,
    }),
    reservedMib: config.node.reserved_mem_mib,
  });

  const builtImages = await ensureImages(context, { config, types: wantedTypes(fleet.fleet), quiet });
  const startedServers = await ensureServers({ context, host, config, owner, meaning: loaded.meaningHash });
  const changes = await applyFleet(context, loaded, fleet);
  const timeoutMs = input.durationMs("timeout") ?? QUICKSTART_TIMEOUT_MS;
  const instances = await waitForAll(context, loaded, { timeoutMs, quiet, sinceMs });
  return { instances, changes: builtImages + startedServers + changes };
}

/** Puts the fleet in force; the number of things that it changed. */
async function applyFleet(context: CliContext, { config }: LoadedConfig, loaded: LoadedFleet): Promise<number> {
  const coordinator = coordinatorClient(context, config);
  const body = {
    fleet: loaded.fleet,
    source_hash: loaded.bytesHash,
    expected_version: null,
    claimed_by: context.claimedBy,
  };
  const { plan } = await withPlaces(loaded, () =>
    coordinator.call(operatorRoutes.applyFleet, { body, signal: context.signal }),
  );
  return plan.changes.length;
}

/** Waits until every instance is as wanted. @throws MvmError of the first that can't be, naming the log command */
async function waitForAll(
  context: CliContext,
  { config, path }: LoadedConfig,
  wait: Pick<WaitRequest, "timeoutMs" | "quiet" | "sinceMs">,
): Promise<readonly InstanceView[]> {
  const watched = await waitForInstances(context, {
    coordinator: coordinatorClient(context, config),
    ...wait,
    untilSettled: true,
    judge: judgeAll,
  });
  for (const { id, outcome } of watched) {
    if (outcome.kind !== "failed") continue;
    const { code, message, remedy, details } = outcome.error;
    const logs = `Look at: ./mvm --config ${path} instance logs ${id}, and the agent's log ${logPath(config, "agent")}`;
    throw new MvmError(code, { message, remedy: `${remedy} ${logs}`, details, cause: outcome.error.cause });
  }
  return watched.flatMap(({ view }) => (view === null ? [] : [view]));
}
