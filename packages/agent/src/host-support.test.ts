import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isMvmError, type NodeCheck } from "@mvm/core";
import { relaxationsOf, requireRoot } from "./host-support.ts";
import { mountArgv } from "./host/secrets-tmpfs.ts";

const check = (name: string, status: NodeCheck["status"], seen: string): NodeCheck => ({
  name,
  promise: "Guest memory and keys reach no disk in the clear.",
  status,
  seen,
  remedy: status === "ok" ? null : "Mend it.",
});

describe("what the agent asks of its host", () => {
  it("is root", () => {
    assert.throws(
      () => requireRoot(1000),
      (error) => isMvmError(error, "MVM_HOST_NOT_ROOT"),
    );
    requireRoot(0);
  });

  it("is what the node check names: each of its warnings is a relaxation, once, beside the driver's own", () => {
    const driver = { relaxations: ["guests are emulated", "Firecracker 1.17.0-dev is no release"] };
    const checks = [
      check("firecracker", "warn", "Firecracker 1.17.0-dev, static, root's; Firecracker 1.17.0-dev is no release"),
      check("swap", "warn", "/dev/sda2 swaps to a disk in the clear"),
      check("ksm", "ok", "same-page merging is off"),
    ];
    assert.deepEqual(relaxationsOf(driver, { checks }), [
      "guests are emulated",
      "Firecracker 1.17.0-dev is no release",
      "swap: /dev/sda2 swaps to a disk in the clear (promised: Guest memory and keys reach no disk in the clear)",
    ]);
    assert.deepEqual(relaxationsOf({ relaxations: [] }, { checks: [check("swap", "ok", "/dev/zram0 in memory")] }), []);
  });

  it("is a tmpfs on which nothing runs, no device opens and nobody lists", () => {
    assert.deepEqual(
      mountArgv("/run/mvm/secrets").join(" "),
      "mount -t tmpfs -o nodev,nosuid,noexec,mode=0711,size=512m mvm-secrets /run/mvm/secrets",
    );
  });
});
