/** Where this program lies and what runs it. A host adapter. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { MvmError } from "@mvm/core";
import type { Installation } from "../commands/quickstart/host-port.ts";

/** What lies beside the program in a clone and in an installation. */
const PARTS = [join("microvms", "roles"), join("examples", "quickstart")];

/**
 * @param from the directory of the program's code
 * @throws MvmError MVM_HOST_UNSUPPORTED when what the program comes with is not above it
 */
export function findInstallation(from: string = import.meta.dirname): Installation {
  const above: string[] = [];
  for (let dir = from; dir !== dirname(dir); dir = dirname(dir)) above.push(dir);
  const partsIn = (dir: string): readonly string[] => PARTS.filter((part) => existsSync(join(dir, part)));
  const root = above.find((dir) => partsIn(dir).length === PARTS.length);
  if (root !== undefined) return { root, argv: [process.execPath, process.argv[1] ?? ""] };

  const incomplete = above.find((dir) => partsIn(dir).length > 0) ?? dirname(from);
  const absent = PARTS.filter((part) => !existsSync(join(incomplete, part)));
  const copied = absent.map((part) => `${dirname(part)}/`).join(" and ");
  throw new MvmError("MVM_HOST_UNSUPPORTED", {
    message: `${absent.map((part) => join(incomplete, part)).join(" and ")} ${absent.length === 1 ? "is" : "are"} missing: this installation is incomplete`,
    remedy: `Copy ${copied} of the clone that it was built in to ${incomplete}/.`,
    details: { absent },
  });
}
