import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isMvmError, NO_MEM_OVERHEAD } from "@mvm/core";
import type { DriverFingerprint } from "@mvm/runtime";
import { relaxationsOf, requireRoot } from "./host-support.ts";
import { mountArgv } from "./host/secrets-tmpfs.ts";

const driver: DriverFingerprint = {
  name: "qemu",
  version: "7.2",
  acceleration: "emulated",
  memOverhead: NO_MEM_OVERHEAD,
  unusable: null,
  cannot: {},
  relaxations: ["guests are emulated"],
};

describe("what the agent asks of its host", () => {
  it("is root", () => {
    assert.throws(
      () => requireRoot(1000),
      (error) => isMvmError(error, "MVM_HOST_NOT_ROOT"),
    );
    requireRoot(0);
  });

  it("is no swap, else it is told", () => {
    const header = "Filename\tType\tSize\tUsed\tPriority\n";
    assert.deepEqual(relaxationsOf(driver, header), ["guests are emulated"]);
    assert.match(relaxationsOf(driver, `${header}/dev/sda2 partition 1 0 -2\n`)[1] ?? "", /^Swap is on/);
  });

  it("is a tmpfs on which nothing runs, no device opens and nobody lists", () => {
    assert.deepEqual(
      mountArgv("/run/mvm/secrets").join(" "),
      "mount -t tmpfs -o nodev,nosuid,noexec,mode=0711,size=512m mvm-secrets /run/mvm/secrets",
    );
  });
});
