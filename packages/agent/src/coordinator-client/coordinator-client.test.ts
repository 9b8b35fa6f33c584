/** Both loops to the coordinator over a coordinator in memory that goes away and comes back. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  firstBrokenEntry,
  MvmError,
  type AuditEntry,
  type ChainHead,
  type NodeSpec,
  type StatusDelivery,
} from "@mvm/core";
import { FakeNode, singlePoolSpec } from "@mvm/testing";
import type { Coordinator } from "./coordinator.ts";
import { followSpec } from "./follow-spec.ts";
import { statusReporter } from "./report-status.ts";

class MemoryCoordinator implements Coordinator {
  isAway = false;
  wanted: NodeSpec | null = null;
  readonly deliveries: StatusDelivery[] = [];
  readonly held: AuditEntry[] = [];
  problem: string | null = null;
  readonly #node: FakeNode;

  constructor(node: FakeNode) {
    this.#node = node;
  }

  async spec(after: number, signal: AbortSignal): Promise<NodeSpec | null> {
    this.#expectThere();
    for (let waited = 0; waited < 30 && this.wanted?.generation === after; waited += 1)
      await this.#node.machine.clock.sleep(1_000, signal);
    return this.wanted?.generation === after ? null : this.wanted;
  }

  async deliver(delivery: StatusDelivery): ReturnType<Coordinator["deliver"]> {
    this.#expectThere();
    this.deliveries.push(delivery);
    if (this.problem === null) this.held.push(...delivery.audit);
    const chains = [...new Set(delivery.audit.map(({ tenant_id }) => tenant_id))].map((tenant): ChainHead => ({
      tenant_id: tenant,
      acknowledged: this.held.length,
      problem: this.problem,
    }));
    return { generation: this.wanted?.generation ?? 0, chains };
  }

  #expectThere(): void {
    if (this.isAway) throw new MvmError("MVM_API_UNAVAILABLE", { message: "nobody answers" });
  }
}

function connected(node: FakeNode): {
  readonly coordinator: MemoryCoordinator;
  readonly stop: AbortController;
  readonly ring: () => void;
} {
  const coordinator = new MemoryCoordinator(node);
  const stop = new AbortController();
  const { clock } = node.machine;
  const journal = node.journal();
  const log = { info: note(node, "info"), warn: note(node, "warn"), error: note(node, "error"), child: () => log };
  const generation = (): number => node.journal().spec()?.generation ?? -1;
  void followSpec({ coordinator, clock, log, generation, take: (spec) => node.takeSpec(spec) }, stop.signal);
  const reporter = statusReporter({ coordinator, clock, log, journal, status: () => node.agent.status() });
  void reporter.run(stop.signal);
  return { coordinator, stop, ring: () => reporter.ring() };
}

function note(node: FakeNode, level: "info" | "warn" | "error") {
  return (event: string, fields: Readonly<Record<string, unknown>> = {}): void =>
    void node.log.push({ level, event, fields });
}

describe("the agent and its coordinator", () => {
  it("gets its spec, and delivers status and every audit entry once and in order", async () => {
    const node = new FakeNode();
    node.startAgent();
    const { coordinator, stop } = connected(node);
    coordinator.wanted = singlePoolSpec();
    assert.ok(await node.until(() => node.stateOf("acme-vm-0") === "running"));
    assert.ok(await node.until(() => coordinator.held.length === 3));
    await node.until(() => false, 30_000);
    assert.deepEqual(
      coordinator.held.map(({ event }) => event),
      ["instance.start", "instance.start.done", "instance.ready"],
    );
    assert.equal(firstBrokenEntry(coordinator.held), null);
    assert.equal(coordinator.deliveries.at(-1)?.status.observed_generation, 1);
    stop.abort();
  });

  it("goes on alone while the coordinator is away, and tells it all afterwards", async () => {
    const node = new FakeNode();
    node.startAgent();
    const { coordinator, stop } = connected(node);
    coordinator.wanted = singlePoolSpec();
    assert.ok(await node.until(() => node.stateOf("acme-vm-0") === "running"));
    coordinator.isAway = true;
    const [vm] = node.machine.vms.values();
    assert.ok(vm);
    node.machine.endVm(vm.handle.process);
    assert.ok(await node.until(() => node.stateOf("acme-vm-0") === "stopped"));
    assert.ok(
      await node.until(() => node.stateOf("acme-vm-0") === "running"),
      "it is started again without a coordinator",
    );
    await node.until(() => false, 60_000);
    coordinator.isAway = false;
    assert.ok(await node.until(() => coordinator.held.some(({ event }) => event === "instance.vm.lost")));
    assert.equal(firstBrokenEntry(coordinator.held), null);
    assert.equal(node.log.filter(({ event }) => event === "coordinator.away").length, 2, "each direction says it once");
    stop.abort();
  });

  it("says once that the coordinator refuses a chain, keeps reporting status, and tries the chain again slowly", async () => {
    const node = new FakeNode();
    node.startAgent();
    const { coordinator, stop } = connected(node);
    coordinator.problem = "entry 1 is not the one that was delivered before";
    coordinator.wanted = singlePoolSpec();
    assert.ok(await node.until(() => node.stateOf("acme-vm-0") === "running"));
    await node.until(() => false, 60_000);
    assert.equal(node.log.filter(({ event }) => event === "audit.refused").length, 1);
    assert.ok(coordinator.deliveries.length > 3);
    assert.equal(coordinator.deliveries.filter(({ audit }) => audit.length > 0).length, 1, "not sent again and again");
    const [refused] = coordinator.deliveries.at(-1)?.status.refused_chains ?? [];
    assert.deepEqual([refused?.tenant_id, refused?.problem], ["acme", coordinator.problem]);
    coordinator.problem = null;
    assert.ok(await node.until(() => coordinator.held.length === 3, 6 * 60_000));
    await node.until(() => false, 30_000);
    assert.equal(coordinator.deliveries.at(-1)?.status.refused_chains, undefined);
    stop.abort();
  });
});
