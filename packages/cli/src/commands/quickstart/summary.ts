/** What the quickstart ends with: who is up and where, how long it took, and what to try next. */
import { relative } from "node:path";
import { timeText, type EffectiveConfig, type InstanceView } from "@mvm/core";
import type { CliContext } from "../../context.ts";
import { durationText } from "../../output/age.ts";
import { counted } from "../../output/counts.ts";
import { bootMs, stateWord } from "../../output/instance-words.ts";
import { stateCell } from "../../output/state-cell.ts";
import { printTable } from "../../output/table.ts";

export interface Summary {
  readonly instances: readonly InstanceView[];
  readonly tookMs: number;
  /** Whether there was nothing left to do. */
  readonly wasUp: boolean;
  readonly configPath: string;
  readonly profiles: Profiles;
}

type Profiles = EffectiveConfig["microvms"]["profiles"];

export function printSummary(
  { stdout, cwd }: Pick<CliContext, "stdout" | "cwd">,
  { instances, tookMs, wasUp, configPath, profiles }: Summary,
): void {
  const tenants = new Set(instances.map((view) => view.tenant_id)).size;
  printTable(stdout, {
    columns: [
      { title: "tenant", cell: (view) => view.tenant_id },
      { title: "instance", cell: (view) => view.instance_id },
      { title: "state", cell: (view) => stateCell(stdout, view) },
      { title: "address", cell: (view) => view.ipv4 },
      { title: "took", cell: (view) => tookText(view) },
      { title: "from this host", cell: (view) => ingressAddress(view, profiles) ?? "-" },
    ],
    rows: instances,
    empty: "no instances are wanted",
  });
  const flag = configFlag(configPath, cwd);
  const what = upWords(instances, wasUp);
  stdout.write(`\n${counted(tenants, "tenant")}, ${what} (${durationText(tookMs)}).\n`);
  for (const line of heldLines(instances, flag)) stdout.write(`${line}\n`);
  stdout.write("Next:\n");
  for (const command of nextCommands(instances, profiles, flag)) stdout.write(`  ${stdout.style("bold", command)}\n`);
}

/** How many are ready, and of how many when some are not. */
function upWords(instances: readonly InstanceView[], wasUp: boolean): string {
  const ready = instances.filter((view) => stateWord(view) === "ready").length;
  const all = counted(instances.length, "instance");
  if (ready < instances.length) return `${all}: ${ready} of them up`;
  return wasUp ? `${all}: everything is up already` : `${all} are up`;
}

/** What an operator holds stopped, until when, and the command that starts it. */
function heldLines(instances: readonly InstanceView[], flag: string): readonly string[] {
  return instances.flatMap(({ instance_id: id, hold }) => {
    if (hold?.wanted !== "stopped") return [];
    const end = hold.until === null ? "until it is started" : `until ${timeText(hold.until)}`;
    return [`${id} is held stopped by ${hold.by} ${end}: ./mvm ${flag} instance start ${id}`];
  });
}

/** Three commands that show something, for what runs here. */
export function nextCommands(instances: readonly InstanceView[], profiles: Profiles, flag: string): readonly string[] {
  const [first] = instances;
  if (first === undefined) return [`./mvm ${flag} fleet show`];
  const ready = instances.filter((view) => stateWord(view) === "ready");
  const last = ready.at(-1);
  const secure = ready
    .map((view) => ingressAddress(view, profiles))
    .find((address) => address?.startsWith("https:") === true);
  return [
    `./mvm ${flag} instance list`,
    // The certificate is the guest's own: nobody has signed it.
    secure === undefined ? `./mvm ${flag} instance logs ${first.instance_id}` : `curl -k ${secure}/healthz`,
    ...(last === undefined ? [] : [`./mvm ${flag} instance stop ${last.instance_id}`]),
  ];
}

/** Where this host reaches it: ingress leads to the first port that its profile declares. */
function ingressAddress({ ingress_port: port, profile }: InstanceView, profiles: Profiles): string | null {
  if (port === null) return null;
  const scheme = profiles[profile]?.ports[0]?.scheme;
  return scheme === undefined ? `127.0.0.1:${port}` : `${scheme}://127.0.0.1:${port}`;
}

function configFlag(path: string, cwd: string): string {
  const way = relative(cwd, path);
  return `--config ${way.startsWith("..") ? path : way}`;
}

function tookText(view: InstanceView): string {
  const ms = bootMs(view);
  return ms === null ? "-" : durationText(ms);
}
