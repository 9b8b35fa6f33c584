import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeFiles } from "@mvm/core";
import { observeMachine, parseLoad, parseMemory } from "./machine.ts";

test("the kernel's texts", () => {
  assert.deepEqual(parseLoad("0.48 0.43 0.21 2/310 4711\n"), [0.48, 0.43, 0.21]);
  assert.deepEqual(parseMemory("MemTotal:        2040000 kB\nMemFree: 1 kB\nMemAvailable:    1500000 kB\n"), {
    totalKib: 2_040_000,
    availableKib: 1_500_000,
  });
  assert.deepEqual([parseLoad(""), parseMemory("")], [[0, 0, 0], { totalKib: 0, availableKib: 0 }]);
});

test("this machine's own", async () => {
  const facts = await observeMachine(nodeFiles);
  assert.match(facts.bootId, /^[0-9a-f]{8}-/);
  assert.ok(facts.uptimeSeconds > 0 && facts.memory.totalKib > facts.memory.availableKib);
});
