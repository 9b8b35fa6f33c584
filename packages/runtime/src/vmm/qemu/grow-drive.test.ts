import assert from "node:assert/strict";
import { duplexPair } from "node:stream";
import { test } from "node:test";
import { InstanceId, isMvmError, nodeClock } from "@mvm/core";
import type { VmHandle } from "../driver.ts";
import type { UnixSockets } from "../ports/unix-sockets.ts";
import { growDrive } from "./grow-drive.ts";

const MIB = 1024 * 1024;
const handle: VmHandle = {
  id: InstanceId.parse("acme-gw-0"),
  driver: "qemu",
  process: { pid: 7, startTicks: 1 },
  stateDir: "/state",
  runDir: "/run",
  uid: 200_001,
  networkNamespace: "mvm-acme",
};

/** A QEMU with these block nodes; `resized` is what it was told. */
function qemuWith(nodes: unknown) {
  const resized: unknown[] = [];
  const sockets: Pick<UnixSockets, "connect"> = {
    async connect() {
      const [ours, theirs] = duplexPair();
      theirs.on("error", () => undefined);
      theirs.on("data", (chunk: Buffer) => {
        const { execute, id, arguments: given } = JSON.parse(chunk.toString()) as Record<string, unknown>;
        if (execute === "block_resize") resized.push(given);
        const value = execute === "query-named-block-nodes" ? nodes : {};
        theirs.write(`${JSON.stringify({ return: value, id })}\n`);
      });
      theirs.write('{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}}}}\n');
      return ours;
    },
  };
  return { resized, ports: { clock: nodeClock, sockets: sockets as UnixSockets } };
}

const data = (sizeMib: number): unknown => [
  { "node-name": "#block075", image: { "virtual-size": (sizeMib + 2) * MIB } },
  { "node-name": "data", image: { "virtual-size": sizeMib * MIB } },
];

test("a disk is told its new size by its node's name", async () => {
  const { ports, resized } = qemuWith(data(64));
  await growDrive(ports, handle, { name: "data", sizeBytes: 128 * MIB });
  assert.deepEqual(resized, [{ "node-name": "data", size: 128 * MIB }]);
});

test("a disk that is as big, or bigger, is left alone: QEMU would cut it", async () => {
  for (const sizeMib of [128, 256]) {
    const { ports, resized } = qemuWith(data(sizeMib));
    await growDrive(ports, handle, { name: "data", sizeBytes: 128 * MIB });
    assert.deepEqual(resized, []);
  }
});

test("without a known size nothing is resized", async () => {
  for (const nodes of [[], data(64) as object, "nonsense", [{ "node-name": "data", image: {} }]]) {
    const { ports, resized } = qemuWith(nodes);
    await assert.rejects(
      growDrive(ports, handle, { name: "config", sizeBytes: 128 * MIB }),
      (error) => isMvmError(error, "MVM_VM_DRIVER") && error.message.includes("config"),
    );
    assert.deepEqual(resized, []);
  }
});
