import assert from "node:assert/strict";
import { test } from "node:test";
import type { ChannelAccount } from "./gateway-frames.ts";
import { connectorReports } from "./connector-detail.ts";

const mappings = [
  { name: "telegram", enabled: true, missing: [] },
  { name: "whatsapp", enabled: false, missing: ["connectors.whatsapp in the fleet file"] },
];

const details: readonly [name: string, account: ChannelAccount, detail: string][] = [
  ["its own error comes first", { running: false, lastError: "fetch failed" }, "fetch failed"],
  [
    "a login that is missing comes before any error",
    { linked: false, lastError: "restart-loop" },
    "not linked: it needs a login, which mvm has no command for",
  ],
  ["connected", { running: true, connected: true, lastError: null }, "connected"],
  ["running without a word on its connection", { running: true }, "running"],
  ["stopped for a reason", { running: false, stateReason: "suppressed" }, "suppressed"],
  ["stopped", { running: false }, "stopped"],
];
for (const [name, account, detail] of details) {
  test(`connector detail: ${name}`, () => {
    const [telegram, whatsapp] = connectorReports(mappings, {
      channelAccounts: { telegram: [account], whatsapp: [account] },
    });
    assert.equal(telegram?.detail, detail);
    assert.deepEqual(whatsapp, mappings[1]);
  });
}

test("without a gateway the configured state stands alone", () => {
  assert.deepEqual(connectorReports(mappings, null), mappings);
});
