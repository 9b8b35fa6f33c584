/**
 * Whether a running instance's data volume is given more room now, and if not, why. Pure.
 *
 * A held instance is left alone. What was begun is ended whatever the spec says by now, because the volume may
 * have its new size already; only a restart comes before it, which brings the same. A growth that has touched
 * nothing yet follows the spec instead: else a size that the host has no room for could never be taken back.
 */
import { hasDataDrive } from "../lifecycle/data-drive.ts";
import type { DecidedView } from "./order.ts";

export type Growth =
  | { readonly move: "grow"; readonly toMib: number; readonly text: string }
  | { readonly move: "resume" }
  | { readonly move: "withdraw"; readonly text: string }
  | { readonly move: null; readonly pending: string | null };

export function growthOf(view: DecidedView): Growth {
  if (view.seen.open === "grow") return openGrowthOf(view);
  const sizes = sizesOf(view);
  if (sizes === null) return { move: null, pending: null };
  if (sizes.fromMib === 0) return { move: null, pending: `a restart to get its data volume of ${sizes.toMib} MiB` };
  const text = `data volume ${sizes.fromMib} → ${sizes.toMib} MiB`;
  if (view.decision.rule === "hold") return { move: null, pending: `${text}, put off by the hold` };
  return { move: "grow", toMib: sizes.toMib, text };
}

function openGrowthOf({ pool, seen }: DecidedView): Growth {
  const { untouchedGrowthMib: openMib } = seen;
  const wantedMib = pool.resources.data_mib;
  if (openMib === null || openMib === wantedMib) return { move: "resume" };
  return { move: "withdraw", text: `data volume of ${openMib} MiB not begun, the spec says ${wantedMib} MiB` };
}

/** What the volume holds and is to hold; null: no more than that, or only after a restart. */
function sizesOf({ pool, type, seen }: DecidedView): { readonly fromMib: number; readonly toMib: number } | null {
  const made = seen.madeFrom;
  // One of another type may not have the drive yet.
  if (made === null || type === null || made.type_hash !== pool.type_hash) return null;
  const [fromMib, toMib] = [made.resources.data_mib, pool.resources.data_mib];
  return fromMib < toMib && hasDataDrive({ order: { type, pool } }) ? { fromMib, toMib } : null;
}
