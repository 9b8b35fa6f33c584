/** A figure of the benchmark: what is measured, against what, and what it should stay below. */
import type { Need } from "@mvm/testing";

/** One line of the table. */
export interface Measurement {
  readonly figure: string;
  readonly value: number;
  readonly unit: "ms" | "s" | "×" | "%";
  /** What it is compared with, and that value; null where it stands alone. */
  readonly against: { readonly what: string; readonly value: number } | null;
  /** The most that is wanted, in the same unit, or as a ratio to `against`. */
  readonly limit: { readonly kind: "value" | "ratio"; readonly most: number } | null;
  readonly note?: string;
}

export interface Figure {
  readonly name: string;
  readonly summary: string;
  /** What it takes of the machine; where that is missing it is left out, with the reason. */
  readonly needs: readonly Need[];
  /** Prints what it is doing through `say`; cleans up whatever happens. */
  readonly measure: (say: (line: string) => void) => Promise<readonly Measurement[]>;
}

/** Whether the measurement is within its limit; null without one. */
export function isWithin({ value, against, limit }: Measurement): boolean | null {
  if (limit === null) return null;
  if (limit.kind === "value") return value <= limit.most;
  return against !== null && value <= against.value * limit.most;
}
