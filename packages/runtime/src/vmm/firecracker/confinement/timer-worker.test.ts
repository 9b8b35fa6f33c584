import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { MemoryFiles } from "@mvm/testing";
import { moveTimerWorker } from "./timer-worker.ts";

const VMM = { pid: 4_711, startTicks: 99 };
const GROUP = "/cgroup/acme-gw-0";

let files = new MemoryFiles();
let written: string[] = [];

const raw = {
  identify: () => Promise.resolve(null),
  readLink: () => Promise.resolve(null),
  rename: () => Promise.resolve(),
  removeDir: () => Promise.resolve(),
  write: async (path: string, text: string) => void written.push(`${text} > ${path}`),
};

async function place(pid: number, name: string, parent: number): Promise<void> {
  await files.ensureDir(`/proc/${pid}`);
  await files.writeAtomic(`/proc/${pid}/status`, `Name:\t${name}\nPPid:\t${parent}\n`);
}

beforeEach(async () => {
  [files, written] = [new MemoryFiles(), []];
  await files.ensureDir("/proc/self");
  await place(2, "kthreadd", 0);
  await place(VMM.pid, "firecracker", 1);
  await place(4_713, "kvm-pit/47110", 2);
  // A name that anybody can give himself.
  await place(4_714, "kvm-pit/4711", 1);
});

for (const pid of [4_715, 300]) {
  test(`the timer's worker of the VMM comes into its group, found at pid ${pid}`, async () => {
    await place(pid, "kvm-pit/4711", 2);
    assert.equal(await moveTimerWorker({ files, raw }, VMM, GROUP), true);
    assert.deepEqual(written, [`${pid} > ${GROUP}/cgroup.procs`]);
  });
}

test("a VM without one has nothing to move", async () => {
  assert.equal(await moveTimerWorker({ files, raw }, VMM, GROUP), true);
  assert.deepEqual(written, []);
});

test("one that the kernel keeps where it is is no failure of the VM, but told", async () => {
  await place(4_715, "kvm-pit/4711", 2);
  const keeping = { ...raw, write: () => Promise.reject(new Error("EINVAL")) };
  assert.equal(await moveTimerWorker({ files, raw: keeping }, VMM, GROUP), false);
});
