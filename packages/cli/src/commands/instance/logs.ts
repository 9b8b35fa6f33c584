/** `mvm instance logs`: the guest's journal or what its VM says, from the node's agent. */
import { agentRoutes, type LogLine, type LogsAnswer } from "@mvm/agent";
import { exactTimeText, type UnixClient } from "@mvm/core";
import type { Command } from "../../command-spec.ts";
import type { CliContext, TextStyle } from "../../context.ts";
import { printResult } from "../../output/document.ts";
import { logMessage } from "../../output/log-message.ts";
import { withSession } from "../../session.ts";
import { UsageProblem } from "../../usage-problem.ts";

const DEFAULT_LINES = 100;
const FOLLOW_INTERVAL_MS = 1000;
/** Syslog's `err` and `warning`. */
const ERROR_PRIORITY = 3;
const WARNING_PRIORITY = 4;

/** Whose words these are, where that is not what was asked for by name. */
const sourceWords: Readonly<Record<LogsAnswer["source"], string | null>> = {
  "guest-journal": null,
  "guest-console": "the console of the guest",
  "vmm-log": "the log of the VMM, because the guest has no console",
};

export const instanceLogs: Command = (context, input) =>
  withSession(context, input, async ({ agent, configFacts }) => {
    const id = input.arg(0);
    const follow = input.flag("follow");
    const source = input.flag("console") ? "console" : "guest";
    if (follow && (source === "console" || input.flag("json"))) {
      throw new UsageProblem("--follow goes with neither --console nor --json");
    }
    const limit = input.count("lines", { least: 1, most: 500 }) ?? DEFAULT_LINES;
    const answer = await agent.call(agentRoutes.getLogs, {
      params: { instance: id },
      query: { source, limit },
      signal: context.signal,
    });
    printResult(context, input, {
      config: configFacts,
      document: { instance_id: id, source: answer.source, ended_at: answer.ended_at, lines: answer.lines },
      text: () => {
        const whose = sourceWords[answer.source];
        const ended = answer.ended_at === null ? "" : `, of the VM that ended at ${exactTimeText(answer.ended_at)}`;
        if (whose !== null) context.stderr.write(`note: ${whose}${ended}\n`);
        printLines(context, answer.lines);
      },
    });
    if (follow && answer.cursor !== null) await followFrom(context, agent, { id, cursor: answer.cursor });
  });

/** Prints what comes until Ctrl-C. */
async function followFrom(
  context: CliContext,
  agent: UnixClient,
  start: { readonly id: string; readonly cursor: string },
): Promise<void> {
  const { clock, signal } = context;
  let { cursor } = start;
  for (;;) {
    const answer = await agent.call(agentRoutes.getLogs, {
      params: { instance: start.id },
      query: { cursor },
      signal,
    });
    printLines(context, answer.lines);
    cursor = answer.cursor ?? cursor;
    if (!answer.more) await clock.sleep(FOLLOW_INTERVAL_MS, signal);
  }
}

function printLines({ stdout }: CliContext, lines: readonly LogLine[]): void {
  for (const { at, unit, priority, message: raw } of lines) {
    const message = logMessage(raw);
    const head = at === null ? "" : `${stdout.style("dim", `${exactTimeText(at)} ${unit}`)} `;
    const style = styleOf(priority);
    stdout.write(`${head}${style === null ? message : stdout.style(style, message)}\n`);
  }
}

function styleOf(priority: number | null): TextStyle | null {
  if (priority === null || priority > WARNING_PRIORITY) return null;
  return priority <= ERROR_PRIORITY ? "red" : "yellow";
}
