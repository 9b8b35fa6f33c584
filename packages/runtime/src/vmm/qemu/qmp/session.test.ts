import assert from "node:assert/strict";
import { duplexPair, type Duplex } from "node:stream";
import { test } from "node:test";
import fc from "fast-check";
import { isMvmError, nodeClock, type MvmError } from "@mvm/core";
import { parseQmpLine, type QmpEvent } from "./message.ts";
import { openQmp } from "./session.ts";

const GREETING =
  '{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}, "package": ""}, "capabilities": ["oob"]}}\r\n';

interface Request {
  readonly id: number;
  readonly execute: string;
}

/** A QEMU that greets and does as told with each command but the negotiation. */
function qemuThat(act: (request: Request, socket: Duplex) => void, greeting = GREETING): Duplex {
  const [ours, theirs] = duplexPair();
  theirs.on("error", () => undefined);
  theirs.on("data", (chunk: Buffer) => {
    for (const line of chunk.toString().trim().split("\n")) {
      const request = JSON.parse(line) as Request;
      if (request.execute === "qmp_capabilities") theirs.write(`{"return": {}, "id": ${request.id}}\r\n`);
      else act(request, theirs);
    }
  });
  theirs.write(greeting);
  return ours;
}

const session = (stream: Duplex, onEvent?: (event: QmpEvent) => void) =>
  openQmp({ stream, clock: nodeClock, timeoutMs: 100, ...(onEvent === undefined ? {} : { onEvent }) });
const driverError = (check: (error: MvmError) => boolean) => (error: unknown) =>
  isMvmError(error, "MVM_VM_DRIVER") && check(error);

test("answers find their command, whatever their order; events come in between", async () => {
  const events: QmpEvent[] = [];
  const held: Request[] = [];
  const stream = qemuThat((request, socket) => {
    held.push(request);
    if (held.length < 2) return;
    socket.write('{"event": "SHUTDOWN", "data": {"guest": true}, "timestamp": {"seconds": 1, "microseconds": 2}}\n');
    for (const { id, execute } of held.reverse()) socket.write(`{"return": {"status": "${execute}"}, "id": ${id}}\n`);
  });
  const qmp = await session(stream, (event) => events.push(event));
  assert.deepEqual(await Promise.all([qmp.execute("one"), qmp.execute("two")]), [{ status: "one" }, { status: "two" }]);
  assert.deepEqual(events, [{ name: "SHUTDOWN", data: { guest: true } }]);
  qmp.close();
  assert.equal(stream.destroyed, true);
});

test("messages may be cut anywhere", async () => {
  const stream = qemuThat(({ id }, socket) => {
    for (const byte of `{"return": "grüße", "id": ${id}}\n`.split("")) socket.write(byte);
  });
  const qmp = await session(stream);
  assert.equal(await qmp.execute("x"), "grüße");
  qmp.close();
});

test("a refusal carries QEMU's reason and the command", async () => {
  const qmp = await session(
    qemuThat(({ id }, socket) =>
      socket.write(`{"error": {"class": "GenericError", "desc": "no such thing"}, "id": ${id}}\n`),
    ),
  );
  await assert.rejects(
    qmp.execute("cont"),
    driverError(({ details }) => details["reason"] === "GenericError: no such thing" && details["command"] === "cont"),
  );
  qmp.close();
});

const broken: readonly [name: string, act: (request: Request, socket: Duplex) => void][] = [
  ["silence", () => undefined],
  ["a closed socket", (_request, socket) => socket.destroy()],
  ["an ended socket", (_request, socket) => socket.end()],
  ["something that is not JSON", (_request, socket) => socket.write("hello\n")],
  ["JSON that is not QMP", (_request, socket) => socket.write('{"id": 2}\n')],
  ["an endless line", (_request, socket) => socket.write("x".repeat(1024 * 1024 + 1))],
  [
    "an error without an id",
    (_request, socket) => socket.write('{"error": {"class": "GenericError", "desc": "bad"}}\n'),
  ],
];
for (const [name, act] of broken) {
  test(`a command answered with ${name} is an error`, async () => {
    const qmp = await session(qemuThat(act));
    await assert.rejects(
      qmp.execute("cont"),
      driverError(() => true),
    );
    qmp.close();
    await assert.rejects(
      qmp.execute("cont"),
      driverError(() => true),
    );
  });
}

test("no greeting, another one or a closed socket instead: an error, and the stream is destroyed", async () => {
  const closing = qemuThat(() => undefined, "");
  closing.destroy();
  for (const stream of [qemuThat(() => undefined, ""), qemuThat(() => undefined, "SSH-2.0\n"), closing]) {
    await assert.rejects(
      session(stream),
      driverError(() => true),
    );
    assert.equal(stream.destroyed, true);
  }
});

test("an abort ends the wait with its reason", async () => {
  const abort = new AbortController();
  const reason = new Error("a newer intent");
  const qmp = await openQmp({
    stream: qemuThat(() => undefined),
    clock: nodeClock,
    timeoutMs: 5_000,
    signal: abort.signal,
  });
  const running = qmp.execute("cont");
  abort.abort(reason);
  await assert.rejects(running, reason);
  qmp.close();
});

test("any line is a message or an MvmError", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (line) => {
      try {
        assert.ok(["greeting", "return", "error", "event"].includes(parseQmpLine(line).kind));
      } catch (error) {
        assert.ok(isMvmError(error, "MVM_VM_DRIVER"));
      }
    }),
  );
});
