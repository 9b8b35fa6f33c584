/** `mvm node check`: what this host can keep of what its mode promises. Asks no server. */
import { checkThisNode, agentSettings } from "@mvm/agent";
import { MvmError, type NodeCheck, type NodeCheckReport } from "@mvm/core";
import type { Command } from "../../command-spec.ts";
import type { Output, TextStyle } from "../../context.ts";
import { thisMachine } from "../../host/machine.ts";
import { counted } from "../../output/counts.ts";
import { printResult } from "../../output/document.ts";
import { padded, widthOf, wrapped } from "../../output/text-width.ts";
import { announceConfig, factsOf } from "../../session.ts";

const STYLES: Readonly<Record<NodeCheck["status"], TextStyle>> = { ok: "green", warn: "yellow", missing: "red" };
const STATUS_COLUMNS = 9;
/** Never narrower than this when a terminal is too small. */
const LEAST_TEXT_COLUMNS = 20;

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

/** What was seen of each check; below it what hangs on it and what mends it, where it isn't well. */
export function printReport(output: Output, checks: readonly NodeCheck[]): void {
  const nameColumns = Math.max(...checks.map(({ name }) => name.length)) + 2;
  const below = " ".repeat(STATUS_COLUMNS);
  for (const { name, promise, status, seen, remedy } of checks) {
    const mark = padded(output.style(STYLES[status], status), STATUS_COLUMNS);
    printHanging(output, `${mark}${padded(name, nameColumns)}`, seen);
    if (remedy === null) continue;
    printHanging(output, `${below}promise: `, promise);
    printHanging(output, `${below}${output.style("cyan", "→")} `, remedy);
  }
}

/** The text behind its head; on a terminal its further lines begin where its first one does. */
function printHanging(output: Output, head: string, text: string): void {
  const indent = widthOf(head);
  const columns = Math.max(LEAST_TEXT_COLUMNS, output.columns() - indent);
  output.write(`${head}${wrapped(text, columns).join(`\n${" ".repeat(indent)}`)}\n`);
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
