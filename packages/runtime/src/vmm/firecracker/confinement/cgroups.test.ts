/** Over a directory instead of the kernel's: what is written where, and what is done about what is read. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, test } from "node:test";
import { isMvmError, nodeClock, nodeFiles } from "@mvm/core";
import { createRawFiles } from "../../../host/raw-files.ts";
import { brokenLimits, endCgroup, makeCgroup, memoryKills } from "./cgroups.ts";

const ports = { clock: nodeClock, files: nodeFiles, raw: createRawFiles() };
const limits = [
  { file: "memory.max", value: "1048576" },
  { file: "pids.max", value: "8" },
];
const made: string[] = [];
let mount = "";
const group = (): string => join(mount, "mvm.slice/acme-gw-0");
const make = (): Promise<void> => makeCgroup(ports, { place: { mount, parent: "mvm.slice" }, id: "acme-gw-0", limits });

beforeEach(async () => {
  mount = await mkdtemp(join(tmpdir(), "mvm-cgroup-"));
  made.push(mount);
});
after(async () => {
  for (const path of made) await rm(path, { recursive: true, force: true });
});

test("a group is made with its limits, and every group above hands the controllers down", async () => {
  await make();
  assert.equal(await readFile(join(group(), "memory.max"), "utf8"), "1048576");
  for (const path of [mount, join(mount, "mvm.slice")])
    assert.equal(await readFile(join(path, "cgroup.subtree_control"), "utf8"), "+cpu +io +memory +pids");
});

test("only what is not handed down yet is switched on", async () => {
  await writeFile(join(mount, "cgroup.subtree_control"), "cpuset cpu io memory hugetlb pids\n");
  await mkdir(join(mount, "mvm.slice"));
  await writeFile(join(mount, "mvm.slice/cgroup.subtree_control"), "memory pids\n");
  await make();
  assert.equal(await readFile(join(mount, "cgroup.subtree_control"), "utf8"), "cpuset cpu io memory hugetlb pids\n");
  assert.equal(await readFile(join(mount, "mvm.slice/cgroup.subtree_control"), "utf8"), "+cpu +io");
});

test("a host without the controllers says what is missing", async () => {
  await rm(mount, { recursive: true });
  await writeFile(mount, "no cgroup file system");
  await assert.rejects(make(), (error) => isMvmError(error, "MVM_HOST_UNSUPPORTED"));
});

for (const code of ["ENODEV", "ENOMEM", "EBUSY"])
  test(`a ${code} of the kernel is final only where a controller is missing`, async () => {
    const cause = Object.assign(new Error(`${code}: no`), { code });
    const raw = { ...ports.raw, write: () => Promise.reject(cause) };
    const refused = () =>
      makeCgroup({ ...ports, raw }, { place: { mount, parent: "mvm.slice" }, id: "acme-gw-0", limits });
    await writeFile(join(mount, "cgroup.controllers"), "cpuset cpu io memory hugetlb pids\n");
    await assert.rejects(refused(), (error) => {
      assert.ok(isMvmError(error, "MVM_VM_DRIVER"));
      assert.deepEqual([error.retry, error.cause], ["backoff", cause]);
      return true;
    });
    await writeFile(join(mount, "cgroup.controllers"), "cpu memory\n");
    await assert.rejects(refused(), (error) => {
      assert.ok(isMvmError(error, "MVM_HOST_UNSUPPORTED"));
      assert.deepEqual([error.retry, error.cause], ["never", cause]);
      assert.match(error.message, /has no io, pids$/);
      return true;
    });
  });

test("a limit that is not in force is named with what is there", async () => {
  await make();
  await writeFile(join(group(), "memory.max"), "max\n");
  await rm(join(group(), "pids.max"));
  assert.deepEqual(await brokenLimits(ports, group(), limits), [
    "memory.max is 'max' instead of '1048576'",
    "pids.max is 'missing' instead of '8'",
  ]);
});

test("the kernel's kills for want of memory are counted", async () => {
  await make();
  assert.equal(await memoryKills(ports, group()), 0);
  await writeFile(join(group(), "memory.events"), "low 0\nhigh 0\nmax 12\noom 2\noom_kill 1\n");
  assert.equal(await memoryKills(ports, group()), 1);
});

test("a group is killed as a whole, and removed only when nothing lives in it", async () => {
  await endCgroup(ports, group());
  await make();
  await writeFile(join(group(), "cgroup.events"), "populated 1\nfrozen 0\n");
  const ending = endCgroup(ports, group());
  const removed = assert.rejects(
    ending,
    (error) => error instanceof Error && "code" in error && error.code === "ENOTEMPTY",
  );
  await nodeClock.sleep(50);
  assert.equal(await readFile(join(group(), "cgroup.kill"), "utf8"), "1");
  // The kernel removes a group with its files; of a directory they keep it from going.
  await writeFile(join(group(), "cgroup.events"), "populated 0\nfrozen 0\n");
  await removed;
});
