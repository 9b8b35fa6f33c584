import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeProgress, type NodeProgress } from "./node-progress.ts";

// As OpenClaw 2026.9.6 printed them.
const STARTED = '{"level":"info","subsystem":"node-host","message":"advertised commands: system.run, system.which"}';
const CONNECTED = "node host gateway connected: wss://10.64.1.10:18789";
const CLOSED = "node host gateway closed (1006): ";
const FAILED = "node host gateway connect failed: connect ECONNREFUSED 10.64.1.10:18789";
const MISMATCH =
  "node host gateway reconnect paused after close (1008): unauthorized: device token mismatch (rotate/reissue device token) detail=AUTH_DEVICE_TOKEN_MISMATCH; waiting for operator action";
const NO_TOKEN =
  "node host gateway reconnect paused after close (1008): unauthorized: gateway token missing (provide gateway auth token) detail=AUTH_TOKEN_MISSING; exiting for supervisor restart";
const USED_CODE =
  "node host gateway reconnect paused after close (1008): unauthorized: setup code invalid, expired, revoked, or already used (create a new code; review `openclaw devices list`) detail=AUTH_BOOTSTRAP_TOKEN_INVALID; exiting for supervisor restart";
const EXPIRED = '{"time":"2026-11-21T13:23:03.432+00:00","level":"error","message":"Pairing setup code has expired."}';

const cases: readonly [name: string, lines: readonly string[], state: NodeProgress["state"]][] = [
  ["nothing printed yet", [], "starting"],
  ["other lines say nothing", ["node host stats publish failed: x", ""], "starting"],
  ["it was killed and starts anew", [CONNECTED, STARTED], "starting"],
  ["the gateway is not up yet", [FAILED, CLOSED], "disconnected"],
  ["it comes up", [FAILED, CLOSED, CONNECTED], "connected"],
  ["it goes and comes back", [CONNECTED, CLOSED, FAILED, CLOSED, CONNECTED], "connected"],
  [
    "the gateway forgot the worker",
    [CONNECTED, "node host gateway closed (4001): device removed", MISMATCH, "node host gateway closed (1008): x"],
    "rejected",
  ],
  ["no credential at all", [NO_TOKEN], "rejected"],
  ["the code was used already", [USED_CODE], "rejected"],
  ["the code came too late", [EXPIRED], "rejected"],
  ["a new code helps", [USED_CODE, CONNECTED], "connected"],
];
for (const [name, lines, state] of cases) {
  test(`node progress: ${name}`, () => assert.equal(nodeProgress({ state: "starting" }, lines).state, state));
}
