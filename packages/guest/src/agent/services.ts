/**
 * The state of systemd units: the question as argv, the answer as reports. Asked by `health`,
 * `status` and the handlers, often at the same moment, so that answers are shared.
 */
import type { Clock } from "@mvm/core";
import type { ServiceReport } from "../protocol/status.ts";
import type { BoundedCommands } from "./ports.ts";
import { shareAnswer } from "./shared-answer.ts";

const PROPERTIES = "Id,ActiveState,SubState,Result,MainPID,NRestarts,ExecMainStatus";

export function showArgv(units: readonly string[]): readonly [string, ...string[]] {
  return ["systemctl", "show", "--no-pager", `--property=${PROPERTIES}`, "--", ...units];
}

/** The blocks that `systemctl show` prints, one for each unit; a unit that it left out is `unknown`. */
export function parseShow(stdout: string, units: readonly string[]): readonly ServiceReport[] {
  const blocks = new Map(
    stdout.split("\n\n").map((block) => {
      const facts = propertiesOf(block);
      return [facts.get("Id") ?? "", facts] as const;
    }),
  );
  return units.map((name) => {
    const facts = blocks.get(name) ?? new Map<string, string>();
    return {
      name,
      active_state: facts.get("ActiveState") ?? "unknown",
      sub_state: facts.get("SubState") ?? "unknown",
      result: facts.get("Result") ?? "unknown",
      main_pid: wholeNumber(facts.get("MainPID")),
      restarts: wholeNumber(facts.get("NRestarts")),
      exit_status: wholeNumber(facts.get("ExecMainStatus")),
    };
  });
}

export interface ServiceWatch {
  /** The units of the instance, in its document's order. */
  read(): Promise<readonly ServiceReport[]>;
}

export interface ServiceWatchParts {
  readonly units: readonly string[];
  readonly commands: BoundedCommands;
  readonly clock: Clock;
}

export function watchServices({ units, commands, clock }: ServiceWatchParts): ServiceWatch {
  const ask = async (): Promise<readonly ServiceReport[]> => {
    if (units.length === 0) return [];
    const outcome = await commands.run({ argv: showArgv(units), timeoutMs: 20_000, maxOutputBytes: 64 * 1024 });
    return parseShow(outcome.stdout, units);
  };
  return { read: shareAnswer(clock, ask) };
}

function propertiesOf(block: string): Map<string, string> {
  const lines = block.split("\n").filter((line) => line.includes("="));
  return new Map(
    lines.map((line) => {
      const at = line.indexOf("=");
      return [line.slice(0, at), line.slice(at + 1)] as const;
    }),
  );
}

function wholeNumber(text: string | undefined): number {
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : 0;
}
