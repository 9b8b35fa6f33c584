/** Where this program lies and what runs it. A host adapter. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { MvmError } from "@mvm/core";
import type { Installation } from "../commands/quickstart/host-port.ts";

/** @throws MvmError MVM_HOST_UNSUPPORTED when the program was taken out of its clone */
export function findInstallation(): Installation {
  const entry = process.argv[1] ?? "";
  for (let dir = import.meta.dirname; dir !== dirname(dir); dir = dirname(dir)) {
    if (existsSync(join(dir, "microvms", "roles")) && existsSync(join(dir, "examples", "quickstart")))
      return { root: dir, argv: [process.execPath, entry] };
  }
  throw new MvmError("MVM_HOST_UNSUPPORTED", {
    message: `no roles and profiles lie above ${import.meta.dirname}`,
    remedy: "Run it from a clone: npm run quickstart.",
  });
}
