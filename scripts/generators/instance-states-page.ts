/** Generates the diagram and table of instance states from core's transition table. */
import { instanceEvents, transitions } from "@mvm/core";

/** The text of docs/instance-states.md. */
export function instanceStatesPage(): string {
  const states = Object.entries(transitions);
  const arrows = states.flatMap(([state, row]) =>
    instanceEvents.flatMap((event) => {
      const next = row[event];
      return next === null ? [] : [`  ${state} --> ${next}: ${event}`];
    }),
  );
  const lines = [
    "# Instance states",
    "",
    "<!-- Generated from packages/core/src/instance-state.ts by `npm run generate`. -->",
    "",
    "```mermaid",
    "stateDiagram-v2",
    "  [*] --> stopped",
    ...arrows,
    "  destroyed --> [*]",
    "```",
    "",
    "An event that a state does not list is refused with `MVM_STATE_INVALID_TRANSITION`.",
    "",
    `| state | ${instanceEvents.join(" | ")} |`,
    `|---|${instanceEvents.map(() => "---|").join("")}`,
    ...states.map(([state, row]) => `| ${state} | ${instanceEvents.map((event) => row[event] ?? "").join(" | ")} |`),
  ];
  return `${lines.join("\n")}\n`;
}
