import assert from "node:assert/strict";
import { test } from "node:test";
import { isMvmError, type ProcessFacts } from "@mvm/core";
import { checkConfinement } from "./confinement.ts";

const promised = { uid: 61_001, netNamespace: "net:[4026532393]" };
const facts: ProcessFacts = {
  uids: [61_001, 61_001, 61_001, 61_001],
  gids: [61_001, 61_001, 61_001, 61_001],
  groups: [61_001],
  capEffective: "0000000000000000",
  capPermitted: "0000000000000000",
  noNewPrivs: true,
  seccomp: 2,
  netNamespace: "net:[4026532393]",
  rootDir: "/run/mvm/x/root",
  cmdline: ["qemu-system-x86_64"],
  rssBytes: 1,
};

test("a confined process keeps every promise; what is never given is named", () => {
  const { kept, missing } = checkConfinement({ facts, rootEntries: [] }, promised);
  assert.equal(kept.length, 7);
  assert.ok(missing.some((sentence) => sentence.includes("cgroup")));
});

const violations: readonly [name: string, change: Partial<ProcessFacts>][] = [
  ["a saved uid of root", { uids: [61_001, 61_001, 0, 61_001] }],
  ["another VM's uid", { uids: [61_002, 61_002, 61_002, 61_002] }],
  ["root's group", { gids: [61_001, 61_001, 61_001, 0] }],
  ["a supplementary group", { groups: [61_001, 6] }],
  ["an effective capability", { capEffective: "0000000000001000" }],
  ["a permitted capability", { capPermitted: "0000000000000001" }],
  ["privileges to gain", { noNewPrivs: false }],
  ["a thread without filter", { seccomp: 0 }],
  ["the host's network", { netNamespace: "net:[4026531840]" }],
  ["the host's files", { rootDir: "/" }],
];
for (const [name, change] of violations) {
  test(`refused, naming one promise: ${name}`, () => {
    const check = (error: unknown) =>
      isMvmError(error, "MVM_VM_CONFINEMENT") && (error.details["broken"] as string[]).length === 1;
    assert.throws(() => checkConfinement({ facts: { ...facts, ...change }, rootEntries: [] }, promised), check);
  });
}

test("root is never confined, even when it was asked for", () => {
  const root: ProcessFacts = { ...facts, uids: [0, 0, 0, 0], gids: [0, 0, 0, 0], groups: [] };
  assert.throws(
    () => checkConfinement({ facts: root, rootEntries: [] }, { ...promised, uid: 0 }),
    (error) => isMvmError(error, "MVM_VM_CONFINEMENT"),
  );
});

test("a root directory that holds anything is not empty", () => {
  const check = () => checkConfinement({ facts, rootEntries: ["etc"] }, promised);
  assert.throws(
    check,
    (error) => isMvmError(error, "MVM_VM_CONFINEMENT") && /empty root directory/.test(error.message),
  );
});
