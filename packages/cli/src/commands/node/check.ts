/** `mvm node check`: what this host can keep of what its mode promises. Asks no server. */
import { checkThisNode, agentSettings } from "@mvm/agent";
import { MvmError, type NodeCheck, type NodeCheckReport } from "@mvm/core";
import type { Command } from "../../command-spec.ts";
import type { Output, TextStyle } from "../../context.ts";
import { thisMachine } from "../../host/machine.ts";
import { counted } from "../../output/counts.ts";
import { printResult } from "../../output/document.ts";
import { padded } from "../../output/text-width.ts";
import { announceConfig, factsOf } from "../../session.ts";

const STYLES: Readonly<Record<NodeCheck["status"], TextStyle>> = { ok: "green", warn: "yellow", missing: "red" };
const STATUS_COLUMNS = 9;

/** @throws MvmError MVM_HOST_NOT_ROOT, MVM_HOST_UNSUPPORTED after the report, when a promise can't be kept */
export const checkNodeCommand: Command = async (context, input) => {
  const loaded = await announceConfig(context, input);
  if (!context.isRoot)
    throw new MvmError("MVM_HOST_NOT_ROOT", { message: "only root sees all of what the node depends on" });
  const report = await checkThisNode(agentSettings(loaded, thisMachine()));
  printResult(context, input, {
    config: factsOf(loaded),
    document: { ...report },
    text: () => printReport(context.stdout, report.checks),
  });
  requireAll(report);
};

/** One line a check, and what mends it below. */
export function printReport(output: Output, checks: readonly NodeCheck[]): void {
  const nameColumns = Math.max(...checks.map(({ name }) => name.length)) + 2;
  for (const { name, status, seen, remedy } of checks) {
    const mark = padded(output.style(STYLES[status], status), STATUS_COLUMNS);
    output.write(`${mark}${padded(name, nameColumns)}${seen}\n`);
    if (remedy !== null) output.write(`${" ".repeat(STATUS_COLUMNS)}${output.style("cyan", "→")} ${remedy}\n`);
  }
}

function requireAll({ mode, checks }: NodeCheckReport): void {
  const missing = checks.filter(({ status }) => status === "missing");
  if (missing.length === 0) return;
  const names = missing.map(({ name }) => name).join(", ");
  throw new MvmError("MVM_HOST_UNSUPPORTED", {
    message: `${counted(missing.length, "promise")} of mode '${mode}' can't be kept on this host: ${names}`,
    remedy: "Do what stands below each of them, then run mvm node check again.",
    details: { missing },
  });
}
