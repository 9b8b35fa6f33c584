/** Why an image that was built won't run here. Pure. */
import type { ImageManifest } from "@mvm/core";

/** @param accept `[images] accept` of the config; null: nothing is in the way */
export function runObstacle({ kind }: Pick<ImageManifest, "kind">, accept: readonly string[]): string | null {
  if (accept.includes(kind)) return null;
  return `nothing will run it: it is of kind '${kind}', and [images] accept in mvm.toml holds only ${accept.join(", ")}. To let it run, add '${kind}' there and restart both servers.`;
}
