/** Saving over files in memory: what is taken out of a jail, and what a VMM that a guest broke out of can't do there. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { InstanceId, isMvmError } from "@mvm/core";
import { openFakeJailHost, type FakeJailHost } from "@mvm/testing";
import type { VmHandle, VmSnapshot } from "../driver.ts";
import { driverParts } from "./driver-parts.ts";
import { jailPaths } from "./jail/jail-paths.ts";
import { snapshotVm } from "./snapshot.ts";

const DIR = "/instances/snapshot";
const UID = 200_007;
const id = InstanceId.parse("acme-gw-0");
const handle: VmHandle = {
  id,
  driver: "firecracker",
  process: { pid: 4_711, startTicks: 99 },
  stateDir: "/instances",
  runDir: "/run/acme-gw-0",
  uid: UID,
  networkNamespace: "acme",
};
const saved = `${jailPaths("/jails", id).root}/saved`;

/** What the VMM does in its directory when it is told to save, and what it answers. */
type Vmm = (host: FakeJailHost) => Promise<{ readonly status: number; readonly text: string }>;

const write: Vmm = async ({ files }) => {
  await files.writeAtomic(`${saved}/state`, "state", { uid: UID, gid: UID });
  await files.writeAtomic(`${saved}/memory`, "memory", { uid: UID, gid: UID });
  return { status: 204, text: "" };
};

async function openHost(): Promise<FakeJailHost> {
  const host = await openFakeJailHost();
  await host.files.ensureDir(DIR);
  await host.files.ensureDir(jailPaths("/jails", id).root);
  return host;
}

function save(host: FakeJailHost, vmm: Vmm, state = "Paused"): Promise<VmSnapshot> {
  const info = JSON.stringify({ app_name: "Firecracker", id, state, vmm_version: "1.15.1" });
  const http = {
    exchange: async ({ method }: { readonly method: string }) =>
      method === "GET" ? { status: 200, text: info } : vmm(host),
  };
  return snapshotVm(driverParts({ ...host.ports(), http }), handle, DIR);
}

const isRefused = (error: unknown): boolean => isMvmError(error, "MVM_VM_DRIVER");

test("what Firecracker wrote becomes root's alone, and its way out of the jail goes", async () => {
  const host = await openHost();
  const snapshot = await save(host, write);
  assert.deepEqual(await host.files.list(DIR), ["memory", "state"]);
  assert.equal(snapshot.memory_bytes, "memory".length);
  const found = await host.files.stat(snapshot.memory_path);
  assert.deepEqual([found?.uid, found?.gid, found?.mode], [0, 0, 0o600]);
  assert.equal(await host.files.stat(saved), null);
});

test("Firecracker gets two empty files of its own, where it can make no others and exchange neither", async () => {
  const host = await openHost();
  const seen: (readonly unknown[])[] = [];
  await save(host, async (at) => {
    for (const path of [saved, `${saved}/memory`, `${saved}/state`]) {
      const found = await at.files.stat(path);
      seen.push([found?.kind, found?.uid, found?.gid, found?.mode]);
    }
    return write(at);
  });
  assert.deepEqual(seen, [
    ["directory", 0, UID, 0o750],
    ["file", UID, UID, 0o600],
    ["file", UID, UID, 0o600],
  ]);
});

test("a directory that holds something is refused, and keeps it", async () => {
  const host = await openHost();
  await host.place(`${DIR}/state`, { text: "another's" });
  await assert.rejects(save(host, write), isRefused);
  assert.equal(host.files.contentsOf(`${DIR}/state`).toString(), "another's");
});

test("a VM that runs is not saved", async () => {
  const host = await openHost();
  await assert.rejects(save(host, write, "Running"), isRefused);
  assert.equal(await host.files.stat(saved), null);
});

test("a save that Firecracker gives up leaves neither half a snapshot nor a way to write", async () => {
  const host = await openHost();
  const giveUp: Vmm = async ({ files }) => {
    await files.writeAtomic(`${saved}/memory`, "half", { uid: UID, gid: UID });
    return { status: 400, text: JSON.stringify({ fault_message: "no space left" }) };
  };
  await assert.rejects(save(host, giveUp), isRefused);
  assert.deepEqual(await host.files.list(DIR), []);
  assert.equal(await host.files.stat(saved), null);
  await save(host, write);
});

test("no tree in a live VMM's jail is walked through: it is closed, and stays until the jail goes", async () => {
  const host = await openHost();
  await host.files.ensureDir(`${saved}/memory/deep`, { uid: UID });
  await host.files.ensureDir(`${saved}/more`, { uid: UID });
  await host.files.chown(saved, UID, UID);
  await assert.rejects(save(host, write), isRefused);
  assert.deepEqual(await host.files.list(DIR), []);
  assert.equal((await host.files.stat(saved))?.uid, 0);
  assert.deepEqual(await host.files.list(saved), ["memory", "more"]);
});

test("what a save that was cut short left there is in nobody's way", async () => {
  const host = await openHost();
  await host.files.ensureDir(saved, { uid: UID, gid: UID });
  await host.place(`${saved}/memory`, { text: "half" });
  assert.equal((await save(host, write)).memory_bytes, "memory".length);
});

test("only a plain file of the VM's own comes out", async () => {
  const host = await openHost();
  const others: Vmm = async ({ files }) => {
    const answer = await write(host);
    await files.link("/instances/other", `${saved}/more`);
    await files.remove(`${saved}/memory`);
    await files.rename(`${saved}/more`, `${saved}/memory`);
    return answer;
  };
  await host.place("/instances/other", { text: "another VM's" });
  await assert.rejects(save(host, others), isRefused);
  assert.equal((await host.files.stat("/instances/other"))?.uid, 0);
  assert.deepEqual(await host.files.list(DIR), []);
});
