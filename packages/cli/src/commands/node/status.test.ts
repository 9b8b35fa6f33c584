import assert from "node:assert/strict";
import test from "node:test";
import { InstanceId, nodeClock } from "@mvm/core";
import { capturedOutput, nodeStatus, TEST_NODE, TEST_TIME } from "@mvm/testing";
import { printNode } from "./status.ts";

const alarm = {
  instance_id: InstanceId.parse("acme-gw-0"),
  condition: {
    code: "MVM_VM_CONFINEMENT",
    severity: "alarm" as const,
    message: "the VMM's process is not confined",
    remedy: "See the details.",
    since: TEST_TIME,
    attempts: 1,
    retry_at: null,
  },
};

test("a node's alarms are counted in its state and told before anything else that is wrong", () => {
  const stdout = capturedOutput({ showStyles: true });
  const { instances: _, ...status } = nodeStatus(3, { alarms: [alarm], relaxations: ["guests are emulated"] });
  const view = { node: TEST_NODE, generation: 3, received_at: TEST_TIME, audit_problems: [], status };
  printNode({ stdout, clock: nodeClock }, view);
  assert.match(stdout.text(), /generation 3 of 3, <red>1 alarm<\/red>\n/);
  assert.match(
    stdout.text(),
    /\n<red>alarm:<\/red> acme-gw-0: MVM_VM_CONFINEMENT: the VMM's process is not confined \(attempt 1, not tried again by itself\)\n<yellow>relaxed:/,
  );
});
