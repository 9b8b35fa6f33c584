/** Of this very process, which is not jailed: every part of the sight must be there to be judged. */
import assert from "node:assert/strict";
import { openSync, closeSync, statSync } from "node:fs";
import { test } from "node:test";
import { isMvmError, nodeFiles } from "@mvm/core";
import { createLinuxProcesses } from "../../host/processes.ts";
import { createRawFiles } from "../../host/raw-files.ts";
import { observeProcess } from "./process-sight.ts";

const processes = createLinuxProcesses();
const ports = { files: nodeFiles, raw: createRawFiles(), processes };

test("a process is seen with its ids, namespaces, root, descriptors and threads", async () => {
  const self = await processes.find(process.pid);
  assert.ok(self !== null);
  const opened = openSync(import.meta.filename, "r");
  const sight = await observeProcess(ports, self).finally(() => closeSync(opened));
  assert.equal(sight.facts.uids[0], process.getuid?.());
  assert.match(sight.pidNamespace, /^pid:\[\d+\]$/);
  assert.match(sight.mountNamespace, /^mnt:\[\d+\]$/);
  assert.equal(sight.pids.at(-1), process.pid);
  assert.equal(sight.root?.inode, statSync("/").ino);
  assert.ok(sight.mounts > 1);
  const own = sight.descriptors.find(({ number }) => number === String(opened));
  assert.equal(own?.name, import.meta.filename);
  assert.equal(own.file?.inode, statSync(import.meta.filename).ino);
  assert.ok(sight.threads.length > 1 && sight.threads.every(({ name }) => name !== ""));
  assert.ok(sight.limits.openFiles > 0);
});

test("a process that is gone is an error of the VMM, not a confined one", async () => {
  await assert.rejects(observeProcess(ports, { pid: 4_194_304, startTicks: 1 }), (error) =>
    isMvmError(error, "MVM_VM_DRIVER"),
  );
});
