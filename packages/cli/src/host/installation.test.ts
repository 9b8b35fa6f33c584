import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import { isMvmError } from "@mvm/core";
import { findInstallation } from "./installation.ts";

const base = mkdtempSync(join(tmpdir(), "mvm-installation-"));
after(() => rmSync(base, { recursive: true }));

function installed(name: string, ...parts: readonly string[]): string {
  const root = join(base, name);
  for (const part of ["dist", ...parts]) mkdirSync(join(root, part), { recursive: true });
  return root;
}

test("an installation is found from its bundle, a clone from its sources", () => {
  const root = installed("whole", "microvms/roles", "examples/quickstart", "packages/cli/src/host");
  for (const from of ["dist", "packages/cli/src/host"]) assert.equal(findInstallation(join(root, from)).root, root);
});

for (const [name, parts, missing, copied] of [
  ["without-examples", ["microvms/roles"], ["examples/quickstart"], "examples/"],
  ["without-types", ["examples/quickstart"], ["microvms/roles"], "microvms/"],
  ["bare", [], ["microvms/roles", "examples/quickstart"], "microvms/ and examples/"],
] as const) {
  test(`an installation ${name}: the absent places, and what goes there`, () => {
    const root = installed(name, ...parts);
    assert.throws(
      () => findInstallation(join(root, "dist")),
      (error) =>
        isMvmError(error, "MVM_HOST_UNSUPPORTED") &&
        error.message.includes(missing.map((part) => join(root, part)).join(" and ")) &&
        error.remedy === `Copy ${copied} of the clone that it was built in to ${root}/.`,
    );
  });
}
