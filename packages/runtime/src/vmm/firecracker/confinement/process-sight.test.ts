/** Of this very process, which is not jailed: every part of the sight must be there to be judged. */
import assert from "node:assert/strict";
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { isMvmError, nodeFiles } from "@mvm/core";
import { createLinuxProcesses } from "../../../host/processes.ts";
import { createRawFiles } from "../../../host/raw-files.ts";
import { observeFilters, observeProcess } from "./process-sight.ts";

const processes = createLinuxProcesses();
const ports = { files: nodeFiles, raw: createRawFiles(), processes };

test("a process is seen with its ids, namespaces, root, descriptors and threads", async () => {
  const self = await processes.find(process.pid);
  assert.ok(self !== null);
  const opened = openSync(import.meta.filename, "r");
  const group = mkdtempSync(join(tmpdir(), "mvm-group-"));
  // Itself, its parent, one that is gone.
  writeFileSync(join(group, "cgroup.procs"), `${process.pid}\n${process.ppid}\n4194304\n`);
  const sight = await observeProcess(ports, self, group).finally(() => {
    closeSync(opened);
    rmSync(group, { recursive: true });
  });
  assert.equal(sight.facts.uids[0], process.getuid?.());
  assert.match(sight.pidNamespace ?? "", /^pid:\[\d+\]$/);
  assert.match(sight.mountNamespace ?? "", /^mnt:\[\d+\]$/);
  assert.deepEqual(
    sight.groupMates.map(({ pid, isKernelThread }) => [pid, isKernelThread]),
    [[process.ppid, false]],
  );
  assert.equal(sight.pids.at(-1), process.pid);
  assert.equal(sight.root?.inode, statSync("/").ino);
  assert.equal(sight.cwd?.inode, statSync(process.cwd()).ino);
  assert.ok(sight.mounts > 1);
  const descriptor = sight.descriptors.find(({ number }) => number === String(opened));
  assert.equal(descriptor?.name, import.meta.filename);
  assert.equal(descriptor.file?.inode, statSync(import.meta.filename).ino);
  assert.ok(sight.threads.length > 1 && sight.threads.every(({ name }) => name !== ""));
  assert.ok(sight.limits.openFiles > 0);
  const own = await observeFilters(ports, "/proc/self");
  assert.ok(sight.threads.every(({ seccomp, filters }) => seccomp === own.seccomp && filters === own.filters));
});

test("a process that is gone is an error of the VMM, not a confined one", async () => {
  await assert.rejects(observeProcess(ports, { pid: 4_194_304, startTicks: 1 }, "/none"), (error) =>
    isMvmError(error, "MVM_VM_DRIVER"),
  );
});

test("a process's filters are counted where the kernel does; one without a status has no number of them", async () => {
  const at = mkdtempSync(join(tmpdir(), "mvm-status-"));
  const filtersOf = (text: string): ReturnType<typeof observeFilters> => {
    writeFileSync(join(at, "status"), text);
    return observeFilters(ports, at);
  };
  try {
    assert.deepEqual(await filtersOf("Seccomp:\t2\nSeccomp_filters:\t3\n"), { seccomp: 2, filters: 3 });
    assert.deepEqual(await filtersOf("Seccomp:\t0\nSpeculation_Store_Bypass:\tvulnerable\n"), {
      seccomp: 0,
      filters: null,
    });
    assert.deepEqual(await observeFilters(ports, join(at, "none")), { seccomp: Number.NaN, filters: null });
  } finally {
    rmSync(at, { recursive: true });
  }
});
