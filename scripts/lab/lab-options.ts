/**
 * The command line of `npm run lab -- …`, read purely. Used by lab.ts.
 */
import { parseArgs } from "node:util";

export interface LabOptions {
  /** Leave the lab host up after the run, and say how to enter it. */
  readonly keep: boolean;
  /** Run only test files, and cases driven from outside, whose name holds this; null: all of them. */
  readonly only: string | null;
  /** Take OpenClaw's images along, so that its acceptance runs as well: hours. */
  readonly openclaw: boolean;
  /** Only say how it is used. */
  readonly help: boolean;
  /** Only end a lab host that was kept. */
  readonly down: boolean;
}

export const USAGE = `npm run lab                       make a Debian host in a VM, install this build, run the suite lab in it
npm run lab -- --keep             the same; the host stays up afterwards
npm run lab -- --only PATTERN     only test files and outside cases whose name holds PATTERN; writes no report
npm run lab -- --openclaw         with OpenClaw's acceptance in mode production: hours
npm run lab -- --down             end a host that was kept

With MVM_FIRECRACKER_DIR=DIR in the environment Firecracker and jailer are taken out of DIR; without it
what needs them is skipped by name.
`;

/** @throws Error with the reason when an argument is unknown */
export function readLabOptions(args: readonly string[]): LabOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      keep: { type: "boolean" },
      only: { type: "string" },
      openclaw: { type: "boolean" },
      down: { type: "boolean" },
      help: { type: "boolean" },
    },
    strict: true,
  });
  const { keep = false, only = null, openclaw = false, down = false, help = false } = values;
  if (down && args.length > 1) throw new Error("--down goes alone");
  return { keep, only, openclaw, down, help };
}
