/** How often a guest is asked, and for what: in a time that the test lets pass. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate } from "node:timers/promises";
import { InstanceId, jsonLogger, MvmError } from "@mvm/core";
import type { GuestMethod, GuestResult } from "@mvm/guest";
import type { VmHandle } from "@mvm/runtime";
import { FakeClock } from "@mvm/testing";
import type { GuestChannel } from "./guest-channels.ts";
import { followGuest, type GuestView } from "./guest-link.ts";

const handle: VmHandle = {
  id: InstanceId.parse("acme-gw-0"),
  driver: "fake",
  process: { pid: 1, startTicks: 1 },
  stateDir: "/s",
  runDir: "/r",
  uid: 1,
  networkNamespace: "n",
};
const health: GuestResult<"health"> = { ready: true, reason: "booted", failure: null };
const connectors = [{ name: "telegram", enabled: false, missing: ["secret telegram.token"] }];
const oldStatus: GuestResult<"status"> = {
  agent_version: "1",
  boot_id: "3f1d2b6e-3a5e-4c55-9a37-6f0b3b1f0c11",
  now_ms: 1,
  uptime_seconds: 1,
  load: [0, 0, 0],
  memory: { total_kib: 1, available_kib: 1 },
  drives: { ok: true, secrets: true, config: true, data: "mounted" },
  services: [],
  handlers: [],
};
const status = { ...oldStatus, health, connectors };

/** Follows a guest that answers like this for so long; what it was asked and what was heard of it. */
async function followed(seconds: number, answer: (method: GuestMethod, looks: number) => unknown) {
  const clock = new FakeClock();
  const asked: GuestMethod[] = [];
  const heard: GuestView[] = [];
  const over = new AbortController();
  const channel: GuestChannel = {
    request: async (method) => {
      asked.push(method);
      return (await answer(method, asked.length)) as never;
    },
    reset: () => undefined,
  };
  const log = jsonLogger(() => undefined, clock);
  const parts = { handle, channel, clock, log, heard: (view: GuestView) => heard.push(view), changed: () => undefined };
  const following = followGuest(parts, over.signal);
  const endMs = seconds * 1000;
  do await setImmediate();
  while (clock.advanceToNext(endMs));
  over.abort();
  await following;
  return { asked, report: heard.at(-1)?.report, readySince: heard.map(({ readySince }) => readySince) };
}

describe("looking at a guest", () => {
  it("puts one question a look", async () => {
    const { asked, report } = await followed(60, () => status);
    assert.deepEqual(new Set(asked), new Set(["status"]));
    assert.deepEqual({ ready: report?.ready, connectors: report?.connectors }, { ready: true, connectors });
  });

  it("asks a guest of the version before for what its status lacks", async () => {
    const { asked, report } = await followed(1, (method) => {
      if (method === "status") return oldStatus;
      return method === "health" ? health : { connectors };
    });
    assert.deepEqual(asked, ["status", "health", "connectors"]);
    assert.deepEqual({ ready: report?.ready, connectors: report?.connectors }, { ready: true, connectors });
  });

  it("is eager until the guest is ready, calm then, and seldom when nothing changes", async () => {
    const starting = { ...status, health: { ...health, ready: false } };
    const { asked } = await followed(30, () => starting);
    assert.ok(asked.length >= 30, `${asked.length} looks in 30 s`);
    const { asked: calm } = await followed(60, () => status);
    assert.ok(calm.length >= 12 && calm.length <= 14, `${calm.length} looks in a minute`);
    const { asked: steady } = await followed(660, () => status);
    assert.ok(steady.length - calm.length <= 32, `${steady.length - calm.length} looks in ten minutes more`);
  });

  it("comes ever more seldom to a guest that breaks the protocol, and back once it doesn't", async () => {
    const flood = new MvmError("MVM_GUEST_PROTOCOL", { message: "257 lines answer nothing that was asked" });
    const { asked } = await followed(600, () => Promise.reject(flood));
    assert.ok(asked.length <= 10, `${asked.length} looks in ten minutes`);
    const { report } = await followed(60, (_method, looks) => (looks < 4 ? Promise.reject(flood) : status));
    assert.equal(report?.ready, true);
  });

  it("notes when the guest became ready, anew after each break, and not for one that was ready before", async () => {
    const unready = { ...status, health: { ...health, ready: false } };
    const script = [status, status, unready, status, status, unready, status];
    const { readySince } = await followed(300, (_method, looks) => script[looks - 1] ?? status);
    assert.deepEqual(readySince.slice(0, 3), [null, null, null]);
    const [back, still, gone, again] = readySince.slice(3);
    assert.ok(back);
    assert.equal(still, back);
    assert.equal(gone, null);
    assert.ok(again && again > back);
    assert.deepEqual(new Set(readySince.slice(6)), new Set([again]));
  });

  it("says that a guest is silent once it was heard and three looks failed", async () => {
    const silence = new MvmError("MVM_GUEST_TIMEOUT", { message: "no answer" });
    const { report } = await followed(60, (_method, looks) => (looks === 1 ? status : Promise.reject(silence)));
    assert.equal(report?.ready, false);
    assert.match(report.reason, /has not answered since/);
  });
});
