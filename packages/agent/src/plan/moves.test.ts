/** What comes next, cell by cell: every state × wish, idle and busy. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { TenantId, type InstanceState } from "@mvm/core";
import type { OperationKind } from "../journal/operation-record.ts";
import { moveOfUnnamed, moveTowards } from "./moves.ts";
import type { ObservedInstance, Wish } from "./plan.ts";
import { unseen } from "./views.ts";

const wishes: readonly Wish[] = ["running", "stopped", "destroyed"];

function seen(change: Partial<ObservedInstance>): ObservedInstance {
  return { ...unseen(TenantId.parse("acme")), ...change };
}

function rowOf(change: Partial<ObservedInstance>): readonly string[] {
  return wishes.map((wish) => moveTowards(wish, seen(change)));
}

describe("the next move of an instance that nobody works on", () => {
  const table: Readonly<Record<InstanceState, readonly string[]>> = {
    stopped: ["start", "none", "destroy"],
    starting: ["resume", "stop", "destroy"],
    running: ["none", "stop", "destroy"],
    stopping: ["resume", "resume", "destroy"],
    destroying: ["resume", "resume", "resume"],
    destroyed: ["none", "none", "none"],
  };
  for (const [state, row] of Object.entries(table)) {
    it(`${state} × ${wishes.join(", ")}: ${row.join(", ")}`, () =>
      assert.deepEqual(rowOf({ state: state as InstanceState }), row));
  }
  it("gives back what a dead VM held before it starts anew", () => {
    assert.deepEqual(rowOf({ state: "running", vmLost: true }), ["release", "release", "destroy"]);
    assert.deepEqual(rowOf({ state: "stopped", open: "release" }), ["resume", "resume", "destroy"]);
  });
});

describe("the next move of an instance that is worked on", () => {
  const table: Readonly<Record<OperationKind, readonly string[]>> = {
    start: ["none", "interrupt", "interrupt"],
    stop: ["none", "none", "interrupt"],
    grow: ["none", "interrupt", "interrupt"],
    release: ["none", "none", "none"],
    destroy: ["none", "none", "none"],
  };
  for (const [busy, row] of Object.entries(table)) {
    it(`${busy} × ${wishes.join(", ")}: ${row.join(", ")}`, () =>
      assert.deepEqual(rowOf({ state: "running", busy: busy as OperationKind }), row));
  }
});

describe("an instance that the spec does not name", () => {
  it("is left alone, but what was begun is ended", () => {
    assert.equal(moveOfUnnamed(seen({ state: "running" })), "none");
    assert.equal(moveOfUnnamed(seen({ state: "stopped" })), "none");
    assert.equal(moveOfUnnamed(seen({ state: "starting", open: "start" })), "resume");
    assert.equal(moveOfUnnamed(seen({ state: "starting", open: "start", busy: "start" })), "none");
    assert.equal(moveOfUnnamed(seen({ state: "running", vmLost: true })), "release");
    assert.equal(moveOfUnnamed(seen({ state: "destroyed" })), "forget");
  });
});
