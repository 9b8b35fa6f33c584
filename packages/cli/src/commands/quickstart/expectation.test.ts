import assert from "node:assert/strict";
import test from "node:test";
import { expectationText } from "./expectation.ts";

test("the measured time is said with what it was measured on, and what this machine is", () => {
  const emulated = expectationText({ minimal: false, cpus: 4, hasKvm: false });
  assert.match(emulated, /emulated on 2 cores, this took about 19 min: .*with --minimal about 2 min\.\n/);
  assert.match(emulated, /\nThis machine has 4 cores and no KVM: its VMs are emulated\.$/);
  assert.match(expectationText({ minimal: true, cpus: 1, hasKvm: false }), /this took about 2 min\.\nThis .* 1 core /);
});

test("nothing is promised where nothing was measured", () =>
  assert.match(
    expectationText({ minimal: false, cpus: 8, hasKvm: true }),
    /and \/dev\/kvm: much less if guests run on it\.$/,
  ));
