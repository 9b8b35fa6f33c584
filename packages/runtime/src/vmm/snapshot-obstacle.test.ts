import assert from "node:assert/strict";
import { test } from "node:test";
import type { FileFacts } from "@mvm/core";
import type { VmSnapshot } from "./driver.ts";
import { snapshotObstacle, type RestoreFacts } from "./snapshot-obstacle.ts";

const BYTES = 512 * 1024 * 1024;

const snapshot: VmSnapshot = {
  driver: "qemu",
  vmm_version: "7.2.22",
  acceleration: "emulated",
  kind: "full",
  memory_path: "/snapshots/1/memory",
  state_path: "/snapshots/1/state",
  memory_bytes: BYTES,
};
const memory: FileFacts = {
  kind: "file",
  sizeBytes: BYTES,
  allocatedBytes: BYTES,
  mode: 0o600,
  uid: 0,
  gid: 0,
  device: 1,
  inode: 7,
  links: 1,
  modifiedAtMs: 0,
  changedAtMs: 0,
};
const vmm = { driver: "qemu", vmm_version: "7.2.22", acceleration: "emulated" } as const;
const state: FileFacts = { ...memory, sizeBytes: 90_000, inode: 8 };
const facts: RestoreFacts = { vmm, memory, state, memMib: 512 };

test("a snapshot of the same VMM whose VM is gone can be restored", () => {
  assert.equal(snapshotObstacle(snapshot, facts), null);
});

const obstacles: readonly [what: string, change: Partial<VmSnapshot>, facts: Partial<RestoreFacts>, reason: RegExp][] =
  [
    ["another driver's", { driver: "firecracker" }, {}, /saved by firecracker/],
    ["an older VMM's", { vmm_version: "7.2.7" }, {}, /qemu 7\.2\.7, and 7\.2\.22/],
    ["one of an emulated guest, under KVM", {}, { vmm: { ...vmm, acceleration: "kvm" } }, /run by KVM/],
    ["one of KVM, emulated", { acceleration: "kvm" }, {}, /was run by KVM, and would be emulated/],
    ["one of another size", {}, { memMib: 1024 }, /512 MiB of memory, not 1024/],
    ["one that was restored already", {}, { memory: null }, /memory is missing/],
    ["one whose memory was cut", {}, { memory: { ...memory, sizeBytes: 4096 } }, /of 4096/],
    ["one whose memory is no file", {}, { memory: { ...memory, kind: "symlink" } }, /a symlink/],
    ["one that a VM still uses", {}, { memory: { ...memory, links: 2 } }, /not gone/],
    ["one without its device state", {}, { state: null }, /state is missing/],
    ["one whose device state is no file", {}, { state: { ...state, kind: "fifo" } }, /or no file/],
    ["one whose device state is huge", {}, { state: { ...state, sizeBytes: 2 ** 30 } }, /at most 16777216 bytes/],
  ];
for (const [what, change, other, reason] of obstacles) {
  test(`${what} can't be restored`, () => {
    assert.match(snapshotObstacle({ ...snapshot, ...change }, { ...facts, ...other }) ?? "", reason);
  });
}
