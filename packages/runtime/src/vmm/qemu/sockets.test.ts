/** Consoles, guest streams and run state over real Unix sockets, served as QEMU serves them. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { InstanceId, isMvmError, nodeClock } from "@mvm/core";
import { createUnixSockets } from "../../host/unix-sockets.ts";
import type { VmState } from "../driver.ts";
import { OUTPUT_TAIL_BYTES, OutputTails } from "../output-tails.ts";
import { GuestStreams } from "../guest-streams.ts";
import { observeState, vmState } from "./run-state.ts";

const sockets = createUnixSockets();
let directory = "";
let path = "";
let server: Server;
/** Connections that the server has accepted, oldest first. */
let peers: Socket[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "mvm-vmm-"));
  path = join(directory, "qmp.sock");
  peers = [];
  server = createServer((peer) => {
    peer.on("error", () => undefined);
    peers.push(peer);
  });
  server.listen(path);
  await once(server, "listening");
});
afterEach(async () => {
  for (const peer of peers) peer.destroy();
  server.close();
  await rm(directory, { recursive: true, force: true });
});

async function accepted(count: number): Promise<Socket> {
  while (peers.length < count) await nodeClock.sleep(2);
  return peers[count - 1] ?? assert.fail();
}

test("a console is heard from the first byte on, its tail bounded", async () => {
  const consoles = new OutputTails(sockets);
  const { firstByte, closed } = await consoles.open(path);
  const peer = await accepted(1);
  peer.write("Linux");
  await firstByte;
  assert.equal(consoles.tail(path).toString(), "Linux");
  assert.equal((await consoles.open(path)).firstByte, firstByte, "open again is the same connection");
  peer.write("x".repeat(3 * OUTPUT_TAIL_BYTES));
  peer.end("the end");
  await closed;
  const tail = consoles.tail(path);
  assert.equal(tail.length, OUTPUT_TAIL_BYTES);
  assert.ok(tail.toString().endsWith("xthe end"));
  consoles.forget(path);
  assert.equal(consoles.tail(path).length, 0);
});

test("a console that was lost is connected anew and keeps what was heard", async () => {
  const consoles = new OutputTails(sockets);
  const first = await consoles.open(path);
  (await accepted(1)).end("before ");
  await first.closed;
  const second = await consoles.open(path);
  (await accepted(2)).write("after");
  await second.firstByte;
  assert.equal(consoles.tail(path).toString(), "before after");
  consoles.close();
});

test("a console that nobody serves is an error", async () => {
  const consoles = new OutputTails(sockets);
  await assert.rejects(consoles.open(join(directory, "none")), (error) => isMvmError(error, "MVM_VM_DRIVER"));
});

test("the newest guest stream ends the one before", async () => {
  const streams = new GuestStreams(sockets);
  const first = await streams.open(path);
  const firstClosed = once(first, "close");
  const second = await streams.open(path);
  await firstClosed;
  second.write("hello\n");
  const [chunk] = (await once(await accepted(2), "data")) as [Buffer];
  assert.equal(chunk.toString(), "hello\n");
  const [third, fourth] = await Promise.all([streams.open(path), streams.open(path)]);
  assert.equal(
    [second, third, fourth].filter((stream) => !stream.destroyed).length,
    1,
    "one stays, whoever was faster",
  );
  streams.close();
  assert.ok(third.destroyed && fourth.destroyed);
});

test("QEMU's run state is asked for in a short session", async () => {
  server.on("connection", (peer) => {
    peer.write(
      '{"QMP": {"version": {"qemu": {"micro": 0, "minor": 2, "major": 7}, "package": ""}, "capabilities": []}}\n',
    );
    peer.on("data", (chunk: Buffer) => {
      const { id, execute } = JSON.parse(chunk.toString()) as { id: number; execute: string };
      peer.write(
        `{"return": ${execute === "query-status" ? '{"status": "running", "running": true}' : "{}"}, "id": ${id}}\n`,
      );
    });
  });
  const handle = {
    id: InstanceId.parse("acme-gw-0"),
    driver: "qemu",
    process: { pid: process.pid, startTicks: 1 },
    stateDir: directory,
    runDir: directory,
    uid: 200_007,
    networkNamespace: "acme",
  };
  const processes = { isAlive: async () => true };
  assert.equal(await observeState({ clock: nodeClock, sockets, processes }, handle), "running");
  await once(await accepted(1), "close");
});

const states: readonly [status: string, state: VmState][] = [
  ["running", "running"],
  ["shutdown", "shut-down"],
  ["paused", "paused"],
  ["prelaunch", "paused"],
  ["postmigrate", "paused"],
  ["io-error", "disk-failed"],
  ["internal-error", "unresponsive"],
];
for (const [status, state] of states)
  test(`run state ${status} is ${state}`, () => assert.equal(vmState(status), state));
