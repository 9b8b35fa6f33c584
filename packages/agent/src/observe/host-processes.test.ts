import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import test from "node:test";
import { nodeFiles } from "@mvm/core";
import { hostProcesses, vmProcesses } from "./host-processes.ts";

test("a live process is found with its user and its command line, an ended one is not", async () => {
  const child = spawn("sleep", ["60"]);
  const found = async () => (await hostProcesses(nodeFiles)).find(({ pid }) => pid === child.pid);
  try {
    assert.deepEqual(await found(), { pid: child.pid, uid: process.getuid?.(), argv: ["sleep", "60"] });
  } finally {
    const ended = once(child, "exit");
    child.kill();
    await ended;
  }
  assert.equal(await found(), undefined);
});

test("a VM's process is one of the node's users with a file of the node's directories", () => {
  const places = { mode: "development", stateDir: "/var/lib/a", runtimeDir: "/run/a", uidRange: [2000, 2999] } as const;
  const drive = "driver=file,filename=/var/lib/a/instances/x/data.luks";
  const processes = [
    { pid: 1, uid: 2000, argv: ["qemu-system-x86_64", drive] },
    { pid: 2, uid: 2999, argv: ["qemu-system-x86_64", "unix:/run/a/vms/y/qmp.sock"] },
    { pid: 3, uid: 2000, argv: ["qemu-system-x86_64", "/var/lib/ab/instances/x/data.luks"] },
    { pid: 4, uid: 0, argv: ["tail", "/var/lib/a/agent.log"] },
    { pid: 5, uid: 2001, argv: ["/firecracker", "--id", "acme-gw-0", "--api-sock", "/run/api.sock"] },
  ];
  assert.deepEqual(
    vmProcesses(processes, places).map(({ pid }) => pid),
    [1, 2],
  );
});

test("a jailed VM's process, which knows no path of the host, is one of the node's users with an instance's id", () => {
  const places = { mode: "production", stateDir: "/var/lib/a", runtimeDir: "/run/a", uidRange: [2000, 2999] } as const;
  const jailed = (id: string): readonly string[] => ["/firecracker", "--id", id, "--api-sock", "/run/api.sock"];
  const processes = [
    { pid: 1, uid: 2000, argv: jailed("acme-gw-0") },
    { pid: 2, uid: 3000, argv: jailed("acme-gw-1") },
    { pid: 3, uid: 2001, argv: ["bash", "--id"] },
    { pid: 4, uid: 2002, argv: jailed("anonymous-instance") },
  ];
  assert.deepEqual(
    vmProcesses(processes, places).map(({ pid }) => pid),
    [1],
  );
});
