import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isMvmError, NodeId, type NodeCheck } from "@mvm/core";
import { nodeCheckReport, requireFit } from "./node-check.ts";

const check = (name: string, status: NodeCheck["status"]): NodeCheck => ({
  name,
  promise: "a promise",
  status,
  seen: `${name} was seen`,
  remedy: status === "ok" ? null : `mend ${name}`,
});
const report = (...checks: readonly NodeCheck[]) =>
  nodeCheckReport({ node: NodeId.parse("node-1"), mode: "production" }, checks);

describe("an agent's start on a host", () => {
  it("goes on where nothing is missing, warned or not", () => {
    assert.equal(report(check("kvm", "ok"), check("smt", "warn")).fit, true);
    requireFit(report(check("kvm", "ok"), check("smt", "warn")));
  });

  it("is refused with every missing promise and its remedy, and exits with 6", () => {
    const unfit = report(check("kvm", "missing"), check("smt", "warn"), check("swap", "missing"));
    assert.equal(unfit.fit, false);
    assert.throws(
      () => requireFit(unfit),
      (error) => {
        assert.ok(isMvmError(error, "MVM_HOST_UNSUPPORTED"));
        assert.match(error.message, /mode 'production' promises: kvm \(kvm was seen\); swap \(swap was seen\)$/);
        assert.match(error.remedy, /^kvm: mend kvm\n +swap: mend swap$/);
        assert.deepEqual(error.details, { missing: [check("kvm", "missing"), check("swap", "missing")] });
        return true;
      },
    );
  });
});
