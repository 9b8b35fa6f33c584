/**
 * The fault loop: every host call of every operation fails, once and for good, before and after its
 * effect; the agent dies before and after every journal write. Afterwards nothing is left over, the
 * node converges, and the audit tells one lawful story.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { InstanceId, type NodeSpec } from "@mvm/core";
import { FakeNode, testNodeSpec, type TestWish } from "@mvm/testing";

const VICTIM = InstanceId.parse("acme-vm-0");
const LASTING_MS = 90_000;

/** Two instances in one tenant, so that the network outlives the one that is worked on. */
function spec(wanted: TestWish, generation: number, dataMib = 64): NodeSpec {
  const pool = { wanted: [wanted, "running"], ingressPort: 18_800, dataMib } as const;
  return testNodeSpec({ generation, tenants: { acme: { vm: pool } } });
}

interface Operation {
  readonly name: string;
  /** What the node does before the operation, in order. */
  readonly before: readonly TestWish[];
  readonly wanted: TestWish;
  /** What the data volumes are to hold from then on; default: what they did before. */
  readonly dataMib?: number;
}

const operations: readonly Operation[] = [
  { name: "start", before: ["stopped"], wanted: "running" },
  { name: "start again", before: ["running", "stopped"], wanted: "running" },
  { name: "stop", before: ["running"], wanted: "stopped" },
  { name: "grow", before: ["running"], wanted: "running", dataMib: 128 },
  { name: "destroy a running one", before: ["running"], wanted: "destroyed" },
  { name: "destroy a stopped one", before: ["running", "stopped"], wanted: "destroyed" },
];

/** A node that has done all that comes before the operation. */
async function nodeBefore({ before }: Operation): Promise<FakeNode> {
  const node = new FakeNode();
  node.startAgent();
  for (const [index, wanted] of before.entries()) {
    node.takeSpec(spec(wanted, index + 1));
    assert.ok(await node.converged(), `the node converges before: ${wanted}`);
  }
  await node.until(() =>
    node.agent.status().instances.every(({ state, guest }) => state !== "running" || guest?.ready === true),
  );
  return node;
}

function operationSpec({ before, wanted, dataMib }: Operation): NodeSpec {
  return spec(wanted, before.length + 1, dataMib);
}

/** What must hold when all faults are over. */
async function assertRight(node: FakeNode, operation: Operation, label: string): Promise<void> {
  const { wanted, before, dataMib } = operation;
  const isEnd = (): boolean =>
    node.process.alive &&
    node.agent.status().converged &&
    node.stateOf(VICTIM) === wanted &&
    (dataMib === undefined || node.journal().record(VICTIM)?.made_from.resources.data_mib === dataMib);
  assert.ok(await node.until(isEnd), `${label}: converges to ${wanted}; it is ${node.stateOf(VICTIM)}`);
  assert.deepEqual(node.problems(), [], label);
  const left = node.machine.leftoversOf(VICTIM);
  if (wanted === "destroyed") assert.deepEqual(left, [], `${label}: nothing is left`);
  if (wanted === "stopped")
    assert.deepEqual(
      left.filter((thing) => !thing.startsWith("/var/lib/mvm/instances/")),
      [],
      `${label}: only data is left`,
    );
  if (wanted === "running") {
    assert.equal(
      [...node.machine.vms.values()].filter(({ handle }) => handle.id === VICTIM).length,
      1,
      `${label}: one VM`,
    );
    assert.ok(
      await node.until(() => node.agent.status().instances.every(({ guest }) => guest?.ready === true)),
      `${label}: ready`,
    );
    const isStartedAgain = before.includes("running") && before.at(-1) !== "running";
    const mounted = isStartedAgain ? "mounted" : /formatted|mounted/;
    assert.match(
      String(node.agent.status().instances[0]?.guest?.data_drive),
      new RegExp(mounted),
      `${label}: the data is there`,
    );
  }
  if (dataMib !== undefined) assertGrown(node, dataMib, label);
  assert.equal(node.journal().operation(VICTIM), null, `${label}: no operation stays open`);
  assert.equal(node.stateOf("acme-vm-1"), "running", `${label}: the neighbour runs on`);
}

/** Every layer has the new size, and no VM was stopped for it. */
function assertGrown(node: FakeNode, dataMib: number, label: string): void {
  const shownMib = node.machine.vmOf(VICTIM)?.dataMib;
  const { sizeMib, fileSystemMib, boots } = node.volumeOf(VICTIM);
  assert.deepEqual([sizeMib, shownMib, fileSystemMib], [dataMib, dataMib, dataMib], `${label}: all of it has grown`);
  assert.deepEqual([boots, node.machine.kills], [1, []], `${label}: it runs on`);
}

/** How many calls and writes the operation takes when nothing goes wrong. */
async function cleanRun(operation: Operation): Promise<{ readonly calls: readonly string[]; readonly writes: number }> {
  const node = await nodeBefore(operation);
  node.process.failCalls(null);
  node.process.dieAtWrite(null);
  node.takeSpec(operationSpec(operation));
  await assertRight(node, operation, "without a fault");
  return { calls: [...node.process.callNames], writes: node.process.writes };
}

for (const operation of operations) {
  describe(`every fault during: ${operation.name}`, async () => {
    const { calls, writes } = await cleanRun(operation);

    for (const when of ["before", "after"] as const) {
      for (const lasting of [false, true]) {
        it(`each of ${calls.length} host calls fails ${lasting ? "for good" : "once"}, ${when} its effect`, async () => {
          for (const [index, name] of calls.entries()) {
            const node = await nodeBefore(operation);
            node.process.failCalls({ call: index + 1, lasting, when });
            node.takeSpec(operationSpec(operation));
            await node.until(() => false, lasting ? LASTING_MS : 0);
            if (lasting) node.process.failCalls(null);
            await assertRight(node, operation, `call ${index + 1} (${name}) fails`);
          }
        });
      }
      it(`the agent dies ${when} each of ${writes} journal writes`, async () => {
        for (let write = 1; write <= writes; write += 1) {
          const node = await nodeBefore(operation);
          node.process.dieAtWrite({ write, when });
          try {
            node.takeSpec(operationSpec(operation));
          } catch {
            // The spec itself is the first write.
          }
          await node.until(() => !node.process.alive);
          node.startAgent();
          node.takeSpec(operationSpec(operation));
          await assertRight(node, operation, `death ${when} write ${write}`);
        }
      });
    }
  });
}
