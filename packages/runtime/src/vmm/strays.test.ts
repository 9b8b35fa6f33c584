import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { isMvmError, type Clock, type ProcessRef, type Processes } from "@mvm/core";
import { killProcess, killStrays } from "./strays.ts";

const STRAY: ProcessRef = { pid: 4_711, startTicks: 99 };

let killed: ProcessRef[] = [];
let sleptMs = 0;
let dies = true;

const processes = {
  signal: async (ref: ProcessRef) => killed.push(ref) > 0,
  waitGone: async () => dies,
} as Partial<Processes> as Processes;
const clock: Clock = {
  nowMs: () => sleptMs,
  monotonicMs: () => sleptMs,
  sleep: async (ms) => {
    sleptMs += ms;
  },
};

beforeEach(() => {
  [killed, sleptMs, dies] = [[], 0, true];
});

/** One that can be told from others only after its exec. */
const afterExec = async (): Promise<readonly ProcessRef[]> => (sleptMs > 0 ? [STRAY] : []);

test("a stray that is seen at once is killed without a second look", async () => {
  await killStrays({ clock, processes }, async () => [STRAY]);
  assert.deepEqual([killed, sleptMs], [[STRAY], 0]);
});

test("one between fork and exec is found by the second look", async () => {
  await killStrays({ clock, processes }, afterExec);
  assert.deepEqual(killed, [STRAY]);
});

test("a process that does not die is an error", async () => {
  dies = false;
  await assert.rejects(killProcess(processes, STRAY), (error) => isMvmError(error, "MVM_VM_DRIVER"));
});
