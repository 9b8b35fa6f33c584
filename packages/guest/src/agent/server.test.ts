import assert from "node:assert/strict";
import { duplexPair, type Duplex } from "node:stream";
import { test } from "node:test";
import { InstanceId, isMvmError, jsonLogger, nodeClock, nodeRandom } from "@mvm/core";
import fc from "fast-check";
import { GuestClient } from "../host/guest-client.ts";
import { decodeResponse, rpcErrors, type ResponseFrame } from "../protocol/frames.ts";
import { MAX_LINE_BYTES, MAX_REQUESTS_IN_FLIGHT } from "../protocol/limits.ts";
import { LineSplitter } from "../protocol/line-splitter.ts";
import { guestMethods, type GuestMethod } from "../protocol/methods.ts";
import { GuestRefusal } from "./guest-refusal.ts";
import { serveGuest, type GuestService } from "./server.ts";

const quiet = jsonLogger(() => undefined, nodeClock);
const OFFER = {
  setup_code: "eyJ1cmwiOiJ3c3M6Ly8x",
  url: "wss://10.64.1.10:18789",
  tls_fingerprint: "ab".repeat(32),
  expires_at: "2026-11-21T12:00:00.000Z",
};
const STATUS = {
  agent_version: "1",
  boot_id: "3f1d2b6e-3a5e-4c55-9a37-6f0b3b1f0c11",
  now_ms: 1,
  uptime_seconds: 1.5,
  load: [0, 0, 0],
  memory: { total_kib: 1, available_kib: 1 },
  drives: { ok: true as const, secrets: false, config: true, data: "mounted" as const },
  services: [],
  handlers: [],
};

const service: GuestService = {
  hello: async ({ versions }) => ({
    version: versions.newest,
    agent_version: "1",
    boot_id: STATUS.boot_id,
    instance_id: InstanceId.parse("acme-gw-0"),
    methods: Object.keys(guestMethods),
  }),
  health: async () => ({ ready: true, reason: "booted", failure: null }),
  status: async () => STATUS,
  logs: async ({ limit }) => ({
    entries: [{ time_us: limit, unit: "u", priority: 6, message: "m\n\u0000" }],
    cursor: "s=1;i=2",
    more: false,
  }),
  "drives.refresh": async () => ({ config_version: 2, handlers: [] }),
  "data.grow": async ({ size_bytes }) => ({ size_bytes: size_bytes - 1 }),
  connectors: async () => ({ connectors: [{ name: "telegram", enabled: false, missing: ["secret telegram.token"] }] }),
  shutdown: async () => ({ accepted: true }),
  "pairing.mint": async () => OFFER,
  "pairing.offer": async () => {
    throw new GuestRefusal(rpcErrors.refused, "the offer has expired");
  },
};

function served(serving: GuestService = service) {
  const [host, guest] = duplexPair();
  const ended = serveGuest({ stream: guest, service: serving, log: quiet });
  const client = new GuestClient({ guest: "acme-gw-0", clock: nodeClock, random: nodeRandom, dial: async () => host });
  return { host, client, ended };
}

/** The frames that the server answers to these bytes until `count` have come. */
async function answersTo(host: Duplex, bytes: string | Buffer, count: number): Promise<ResponseFrame[]> {
  const splitter = new LineSplitter(MAX_LINE_BYTES);
  const frames: ResponseFrame[] = [];
  host.write(bytes);
  for await (const chunk of host) {
    for (const line of splitter.push(chunk as Buffer)) {
      assert.ok(line.kind === "line");
      frames.push(decodeResponse(line.bytes) ?? assert.fail("no frame"));
    }
    if (frames.length >= count) break;
  }
  return frames;
}

const params: { readonly [M in GuestMethod]: unknown } = {
  hello: { host_version: "1", versions: { oldest: 1, newest: 1 } },
  health: {},
  status: {},
  logs: { limit: 7 },
  "drives.refresh": {},
  "data.grow": { size_bytes: 4096 },
  connectors: {},
  shutdown: {},
  "pairing.mint": { peer: "acme-wk-0" },
  "pairing.offer": OFFER,
};

test("client and server agree on every method of the table", async () => {
  const { client } = served();
  for (const method of Object.keys(guestMethods) as GuestMethod[]) {
    const answer = client.request(method, params[method] as never, { timeoutMs: 2000 });
    if (method === "pairing.offer") await assert.rejects(answer, (error) => isMvmError(error, "MVM_GUEST_REFUSED"));
    else assert.ok(guestMethods[method].result.safeParse(await answer).success, method);
  }
});

const refused: readonly [name: string, line: string, code: number, id: string | null][] = [
  ["no JSON", "hello", rpcErrors.invalidRequest, null],
  [
    "a notification, which this channel has not",
    '{"jsonrpc":"2.0","method":"shutdown"}',
    rpcErrors.invalidRequest,
    null,
  ],
  ["an unknown method", '{"jsonrpc":"2.0","id":"1","method":"exec","params":{}}', rpcErrors.unknownMethod, "1"],
  ["a method of Object.prototype", '{"jsonrpc":"2.0","id":"1","method":"constructor"}', rpcErrors.unknownMethod, "1"],
  ["wrong parameters", '{"jsonrpc":"2.0","id":"1","method":"logs","params":{"limit":0}}', rpcErrors.invalidParams, "1"],
  [
    "a cursor that is an option",
    '{"jsonrpc":"2.0","id":"1","method":"logs","params":{"cursor":"--file=/etc/shadow"}}',
    rpcErrors.invalidParams,
    "1",
  ],
  ["a line over the cap", "x".repeat(MAX_LINE_BYTES + 1), rpcErrors.invalidRequest, null],
];

for (const [name, line, code, id] of refused) {
  test(`the server refuses ${name} and goes on serving`, async () => {
    const { host } = served();
    const good = '{"jsonrpc":"2.0","id":"after","method":"health"}\n';
    const frames = await answersTo(host, `${line}\n${good}`, 2);
    const refusal = frames.find((frame) => frame.kind === "error");
    assert.deepEqual([refusal?.id, refusal?.error.code], [id, code]);
    assert.ok(frames.some((frame) => frame.kind === "result" && frame.id === "after"));
  });
}

test("whatever bytes arrive, the server still answers the next request", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 20 }), async (chunks) => {
      const { host } = served();
      for (const chunk of chunks) host.write(Buffer.from(chunk));
      const lines = Buffer.concat(chunks.map((chunk) => Buffer.from(chunk)))
        .toString("latin1")
        .split("\n");
      const noise = lines.filter((line) => line !== "").length;
      const frames = await answersTo(host, '\n{"jsonrpc":"2.0","id":"after","method":"health"}\n', noise + 1);
      assert.ok(frames.some((frame) => frame.kind === "result" && frame.id === "after"));
    }),
    { numRuns: 50 },
  );
});

test("more requests than it works on at a time are refused as busy; a method that throws is an error", async () => {
  const release = Promise.withResolvers<null>();
  const { host } = served({
    ...service,
    health: async () => {
      await release.promise;
      throw new TypeError("x is undefined");
    },
  });
  const lines = Array.from(
    { length: MAX_REQUESTS_IN_FLIGHT + 1 },
    (_, n) => `{"jsonrpc":"2.0","id":"${n}","method":"health"}\n`,
  );
  const [busy] = await answersTo(host, lines.join(""), 1);
  assert.ok(busy?.kind === "error" && busy.error.code === rpcErrors.busy && busy.id === String(MAX_REQUESTS_IN_FLIGHT));
  release.resolve(null);
});

test("an answer that would be longer than a line is an error, not a long line", async () => {
  const { host } = served({
    ...service,
    health: async () => ({ ready: true, reason: "r".repeat(MAX_LINE_BYTES), failure: null }),
  });
  const [frame] = await answersTo(host, '{"jsonrpc":"2.0","id":"1","method":"health"}\n', 1);
  assert.ok(frame?.kind === "error" && frame.error.code === rpcErrors.internal);
});

test("serving ends when the host goes away", async () => {
  const { host, ended } = served();
  host.resume().end();
  await ended;
});
