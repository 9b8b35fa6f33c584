/** An instance's state in a table, coloured by how well it does. */
import type { InstanceView } from "@mvm/core";
import type { Output } from "../context.ts";
import { stateWord } from "./instance-words.ts";

export function stateCell(output: Output, view: InstanceView): string {
  const word = stateWord(view);
  const isTroubled = view.status !== null && (view.status.refusal !== null || view.status.condition !== null);
  if (isTroubled) return output.style("red", word);
  if (word === "ready") return output.style("green", word);
  return word === "stopped" && view.goal === "stopped" ? output.style("dim", word) : output.style("yellow", word);
}
