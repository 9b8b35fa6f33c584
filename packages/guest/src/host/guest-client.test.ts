import assert from "node:assert/strict";
import { once } from "node:events";
import { type Duplex, duplexPair } from "node:stream";
import { test } from "node:test";
import { isMvmError, nodeClock, nodeRandom, type ErrorCode } from "@mvm/core";
import { decodeRequest, encodeError, encodeResult, rpcErrors, type RequestFrame } from "../protocol/frames.ts";
import { MAX_BYTES_PER_ANSWER, MAX_LINE_BYTES, MAX_STRAY_LINES } from "../protocol/limits.ts";
import { LineSplitter } from "../protocol/line-splitter.ts";
import { GuestClient } from "./guest-client.ts";

const HEALTHY = { ready: true, reason: "booted", failure: null };

/** A guest that does as told with each request; `dials` counts how often the host came. */
function guestThat(act: (request: RequestFrame, channel: Duplex, dials: number) => void) {
  const state = { dials: 0 };
  const client = new GuestClient({
    guest: "acme-gw-0",
    clock: nodeClock,
    random: nodeRandom,
    dial: async () => {
      const [host, guest] = duplexPair();
      state.dials += 1;
      const dials = state.dials;
      const splitter = new LineSplitter(MAX_LINE_BYTES);
      guest.on("error", () => undefined);
      guest.on("data", (chunk: Buffer) => {
        for (const line of splitter.push(chunk)) {
          const request = line.kind === "line" ? decodeRequest(line.bytes) : null;
          if (request !== null) act(request, guest, dials);
        }
      });
      return host;
    },
  });
  return { client, state };
}

const health = (client: GuestClient, timeoutMs = 2000) => client.request("health", {}, { timeoutMs });

const failsWith = (code: ErrorCode, message?: RegExp) => (error: unknown) =>
  isMvmError(error, code) && (message?.test(error.message) ?? true);

test("answers that overtake each other reach the right request over one stream", async () => {
  const held: (() => void)[] = [];
  const { client, state } = guestThat((request, channel) => {
    held.unshift(() => channel.write(encodeResult(request.id, { ...HEALTHY, reason: request.id })));
    if (held.length === 3) for (const answer of held) answer();
  });
  const answers = await Promise.all([health(client), health(client), health(client)]);
  assert.deepEqual(
    answers.map((answer) => answer.reason.split("-").at(-1)),
    ["1", "2", "3"],
  );
  assert.equal(state.dials, 1);
});

test("the first byte on a new stream is an empty line, so that a torn request of before ends there", async () => {
  const [host, guest] = duplexPair();
  const client = new GuestClient({ guest: "g", clock: nodeClock, random: nodeRandom, dial: async () => host });
  const request = health(client, 50);
  const [first] = (await once(guest, "data")) as [Buffer];
  assert.equal(first[0], 0x0a);
  await assert.rejects(request);
});

test("one torn line and answers to an older client are dropped", async () => {
  const { client } = guestThat((request, channel) => {
    channel.write('ult":{"ready":tr\n');
    channel.write(encodeResult("0123456789abcdef-1", HEALTHY));
    channel.write(encodeError(null, { code: rpcErrors.invalidRequest, message: "the line is no request" }));
    channel.write(encodeResult(request.id, HEALTHY));
  });
  assert.deepEqual(await health(client), HEALTHY);
});

const hostile: readonly [name: string, code: ErrorCode, act: (request: RequestFrame, channel: Duplex) => void][] = [
  ["garbage", "MVM_GUEST_PROTOCOL", (_request, channel) => channel.write("\0\xff\n{}\n{}\n")],
  [
    "a line without an end",
    "MVM_GUEST_PROTOCOL",
    (_request, channel) => channel.write(Buffer.alloc(MAX_LINE_BYTES + 1, "x")),
  ],
  [
    "the wrong shape",
    "MVM_GUEST_PROTOCOL",
    (request, channel) => channel.write(encodeResult(request.id, { ready: "yes" })),
  ],
  [
    "a result of another method",
    "MVM_GUEST_PROTOCOL",
    (request, channel) => channel.write(encodeResult(request.id, { accepted: true })),
  ],
  [
    "nesting without end",
    "MVM_GUEST_PROTOCOL",
    (request, channel) =>
      channel.write(`{"jsonrpc":"2.0","id":"${request.id}","result":${"[".repeat(100_000)}${"]".repeat(100_000)}}\n`),
  ],
  [
    "a flood of answers to nothing",
    "MVM_GUEST_PROTOCOL",
    (_request, channel) => {
      for (let count = 0; count <= MAX_STRAY_LINES; count += 1) channel.write(encodeResult(`x-${count}`, {}));
    },
  ],
  [
    "a flood of empty lines",
    "MVM_GUEST_PROTOCOL",
    (_request, channel) => channel.write(Buffer.alloc(MAX_STRAY_LINES + 1, "\n")),
  ],
  ["another id", "MVM_GUEST_TIMEOUT", (_request, channel) => channel.write(encodeResult("x", HEALTHY))],
  ["nothing", "MVM_GUEST_TIMEOUT", () => undefined],
  ["an answer without an end, a byte at a time", "MVM_GUEST_TIMEOUT", (_request, channel) => channel.write("{")],
  ["a hang-up", "MVM_GUEST_UNREACHABLE", (_request, channel) => channel.destroy()],
  ["a half-closed stream", "MVM_GUEST_UNREACHABLE", (_request, channel) => channel.end()],
];

for (const [name, code, act] of hostile) {
  test(`a guest that answers with ${name} is ${code}, and the next request dials anew`, async () => {
    const { client, state } = guestThat((request, channel, dials) => {
      if (dials === 1) act(request, channel);
      else channel.write(encodeResult(request.id, HEALTHY));
    });
    await assert.rejects(health(client, 150), failsWith(code));
    assert.deepEqual(await health(client), HEALTHY);
    assert.equal(state.dials, 2);
  });
}

const CHUNK_BYTES = 64 * 1024;
const endless: readonly [name: string, chunk: Buffer, maxBytes: number, message: RegExp][] = [
  ["one line", Buffer.alloc(CHUNK_BYTES, "y"), 2 * MAX_LINE_BYTES, /longer than/],
  ["newlines", Buffer.alloc(CHUNK_BYTES, "\n"), 2 * CHUNK_BYTES, /answer nothing that was asked/],
  [
    "long answers to nothing",
    Buffer.from(`${JSON.stringify({ jsonrpc: "2.0", id: "x", result: "y".repeat(CHUNK_BYTES - 50) })}\n`),
    MAX_BYTES_PER_ANSWER + 4 * CHUNK_BYTES,
    /bytes hold no answer/,
  ],
];

/** Writes the chunk again and again as long as the other side takes it; `taken` counts. */
function flood(channel: Duplex, chunk: Buffer, taken: (bytes: number) => void): void {
  const pour = (): void => {
    let goesOn = !channel.destroyed;
    while (goesOn) {
      goesOn = channel.write(chunk) && !channel.destroyed;
      taken(chunk.length);
    }
    if (!channel.destroyed) channel.once("drain", pour);
  };
  pour();
}

for (const [name, chunk, maxBytes, message] of endless) {
  test(`a guest that sends ${name} for ever while it is asked is cut off after a bounded amount`, async () => {
    let takenBytes = 0;
    const { client } = guestThat((_request, channel) => flood(channel, chunk, (bytes) => (takenBytes += bytes)));
    await assert.rejects(health(client, 5000), failsWith("MVM_GUEST_PROTOCOL", message));
    assert.ok(takenBytes <= maxBytes, `${takenBytes} bytes were taken`);
  });
}

test("a guest that floods while nobody asks is cut off too, and the next request is told", async () => {
  let takenBytes = 0;
  const { client, state } = guestThat((request, channel, dials) => {
    channel.write(encodeResult(request.id, HEALTHY));
    if (dials > 1) return;
    setImmediate(() => flood(channel, Buffer.alloc(CHUNK_BYTES, "\n"), (bytes) => (takenBytes += bytes)));
  });
  await health(client);
  await nodeClock.sleep(50);
  assert.ok(takenBytes > 0 && takenBytes <= 2 * CHUNK_BYTES, `${takenBytes} bytes were taken`);
  await assert.rejects(health(client), failsWith("MVM_GUEST_PROTOCOL", /answer nothing/));
  assert.deepEqual(await health(client), HEALTHY);
  assert.equal(state.dials, 2);
});

test("answers as long as lines may be don't count as a flood, however many there are", async () => {
  const { client, state } = guestThat((request, channel) => {
    const result = { entries: [], cursor: null, more: false, padding: "p".repeat(MAX_LINE_BYTES - 200) };
    channel.write(encodeResult(request.id, result));
  });
  for (let count = 0; count < 10; count += 1) await client.request("logs", {}, { timeoutMs: 2000 });
  assert.equal(state.dials, 1);
});

test("a slow request times out alone while the guest answers others on the same stream", async () => {
  const { client, state } = guestThat((request, channel) => {
    if (request.method === "health") channel.write(encodeResult(request.id, HEALTHY));
  });
  const slow = client.request("connectors", {}, { timeoutMs: 150 });
  assert.deepEqual(await health(client), HEALTHY);
  await assert.rejects(slow, failsWith("MVM_GUEST_TIMEOUT", /connectors within 150 ms/));
  await health(client);
  assert.equal(state.dials, 1);
});

test("a refusal carries the guest's words and says whether to try again", async () => {
  const { client } = guestThat((request, channel) =>
    channel.write(encodeError(request.id, { code: rpcErrors.notReady, message: "the gateway is not up yet" })),
  );
  await assert.rejects(
    health(client),
    (error) => isMvmError(error, "MVM_GUEST_REFUSED") && error.retry === "backoff" && /not up yet/.test(error.message),
  );
});

test("a dial that fails is MVM_GUEST_UNREACHABLE and is tried again by the next request", async () => {
  let dials = 0;
  const client = new GuestClient({
    guest: "g",
    clock: nodeClock,
    random: nodeRandom,
    dial: async () => {
      dials += 1;
      throw new Error("connection refused");
    },
  });
  await assert.rejects(health(client), failsWith("MVM_GUEST_UNREACHABLE"));
  await assert.rejects(health(client), failsWith("MVM_GUEST_UNREACHABLE"));
  assert.equal(dials, 2);
});

test("a dial that hangs ends with the deadline, and is told to stop", async () => {
  let stopped = false;
  const dial = (signal: AbortSignal): Promise<Duplex> =>
    new Promise(() => {
      signal.addEventListener("abort", () => (stopped = true));
    });
  const client = new GuestClient({ guest: "g", clock: nodeClock, random: nodeRandom, dial });
  await assert.rejects(health(client, 50), failsWith("MVM_GUEST_TIMEOUT"));
  assert.equal(stopped, true);
});

test("an aborted request ends with the caller's reason; reset fails what is open", async () => {
  const { client } = guestThat(() => undefined);
  const abort = new AbortController();
  const aborted = client.request("health", {}, { timeoutMs: 5000, signal: abort.signal });
  abort.abort(new Error("the instance is stopping"));
  await assert.rejects(aborted, /the instance is stopping/);

  const open = health(client, 5000);
  await nodeClock.sleep(10);
  client.reset();
  await assert.rejects(open, failsWith("MVM_GUEST_UNREACHABLE"));
});
