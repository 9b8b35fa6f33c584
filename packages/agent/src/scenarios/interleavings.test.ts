/**
 * Random stories: commands, holds that expire, VMs that die, boots that hang, agents that are killed,
 * in any order and at any moment. Whatever happens, nothing forbidden does, no data is lost, and
 * when the trouble is over the node comes to what is wanted.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { InstanceId, isoTime, type NodeSpec } from "@mvm/core";
import { FakeNode, testNodeSpec, type TestPool, type TestWish } from "@mvm/testing";
import fc from "fast-check";

const RUNS = Number(process.env["MVM_STORY_RUNS"] ?? 60);
const GATEWAY = InstanceId.parse("acme-gw-0");
const WORKER = InstanceId.parse("acme-wk-0");

interface Wanted {
  readonly gateway: TestWish;
  readonly worker: TestWish;
  /** What their data volumes are to hold. */
  readonly dataMib: number;
}

type Event =
  | ({ readonly kind: "wish"; readonly holdMs: number | null } & Wanted)
  | { readonly kind: "die"; readonly of: InstanceId }
  | { readonly kind: "boot"; readonly of: InstanceId; readonly as: "hang" | "silent" | "die" }
  | { readonly kind: "kill-agent" | "stop-agent" };

const wish = fc.constantFrom<TestWish>("running", "running", "stopped");
const instance = fc.constantFrom(GATEWAY, WORKER);
const anyEvent: fc.Arbitrary<Event> = fc.oneof(
  fc.record({
    kind: fc.constant("wish" as const),
    gateway: wish,
    worker: wish,
    // The last is more than the disk has: it waits, and is taken back by the next.
    dataMib: fc.constantFrom(64, 128, 192, 4_000_000),
    holdMs: fc.option(fc.integer({ min: 1_000, max: 120_000 })),
  }),
  fc.record({ kind: fc.constant("die" as const), of: instance }),
  fc.record({
    kind: fc.constant("boot" as const),
    of: instance,
    as: fc.constantFrom("hang" as const, "silent" as const, "die" as const),
  }),
  fc.record({ kind: fc.constantFrom("kill-agent" as const, "stop-agent" as const) }),
);
const story = fc.record({
  seed: fc.integer({ min: 1, max: 1_000_000 }),
  dataDrive: fc.constantFrom("luks-file" as const, "block-device" as const),
  events: fc.array(fc.tuple(fc.integer({ min: 0, max: 40_000 }), anyEvent), { maxLength: 12 }),
  ending: fc.constantFrom<TestWish>("running", "stopped", "destroyed"),
});

function spec(
  generation: number,
  { gateway, worker, dataMib, hold }: Wanted & { readonly hold?: TestPool["hold"] },
): NodeSpec {
  const held = hold === undefined ? {} : { hold };
  return testNodeSpec({
    generation,
    tenants: {
      acme: {
        gw: {
          wanted: [gateway],
          dataMib,
          startsBefore: ["wk"],
          handlers: ["openclaw.gateway"],
          ingressPort: 18_800,
          ...held,
        },
        wk: { wanted: [worker], dataMib, handlers: ["openclaw.node"] },
      },
    },
  });
}

async function happen(node: FakeNode, event: Event, generation: number): Promise<void> {
  switch (event.kind) {
    case "wish": {
      const hold =
        event.holdMs === null
          ? {}
          : {
              hold: {
                kind: "hard",
                wanted: "stopped",
                until: isoTime(node.machine.clock.nowMs() + event.holdMs),
              } as const,
            };
      node.takeSpec(spec(generation, { ...event, ...hold }));
      return;
    }
    case "die": {
      const vm = node.machine.vmOf(event.of);
      if (vm !== null) node.machine.endVm(vm.handle.process);
      return;
    }
    case "boot":
      node.machine.boots.set(event.of, [event.as]);
      return;
    case "kill-agent":
      node.kill();
      node.startAgent();
      return;
    case "stop-agent":
      await node.stopAgent();
      node.startAgent();
  }
}

describe("random stories of a node", () => {
  it(`come to what is wanted, ${RUNS} times`, async () => {
    await fc.assert(
      fc.asyncProperty(story, async ({ seed, dataDrive, events, ending }) => {
        const node = new FakeNode({ seed, dataDrive });
        node.startAgent();
        node.takeSpec(spec(1, { gateway: "running", worker: "running", dataMib: 64 }));
        for (const [index, [pauseMs, next]] of events.entries()) {
          await node.until(() => false, pauseMs);
          await happen(node, next, index + 2);
          assert.deepEqual(node.problems(), [], next.kind);
        }
        node.takeSpec(spec(events.length + 2, { gateway: ending, worker: ending, dataMib: 256 }));
        // A VM that died this moment is still told as running.
        const vms = ending === "running" ? 2 : 0;
        const isEnd = (): boolean =>
          node.machine.vms.size === vms &&
          node.agent.status().converged &&
          node.stateOf(GATEWAY) === ending &&
          node.stateOf(WORKER) === ending &&
          node.allReady();
        assert.ok(await node.until(isEnd), `it ends ${ending}: ${node.stateOf(GATEWAY)}, ${node.stateOf(WORKER)}`);
        assert.deepEqual(node.problems(), []);
        if (ending === "running")
          for (const id of [GATEWAY, WORKER]) assert.equal(node.volumeOf(id).fileSystemMib, 256, `${id} has grown`);
        if (ending === "destroyed")
          assert.deepEqual(
            [
              ...node.machine.leftoversOf(GATEWAY),
              ...node.machine.leftoversOf(WORKER),
              ...node.machine.namespaces.keys(),
            ],
            [],
          );
      }),
      { numRuns: RUNS },
    );
  });
});
