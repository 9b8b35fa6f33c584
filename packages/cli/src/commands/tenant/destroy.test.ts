import assert from "node:assert/strict";
import test from "node:test";
import { stripVTControlCharacters } from "node:util";
import { MvmError, nodeClock, type UnixClient } from "@mvm/core";
import { capturedOutput } from "@mvm/testing";
import { waitUntilGone } from "./destroy.ts";

test("of several tenants each has its row, and every row is closed in the end", async () => {
  const stderr = capturedOutput({ terminal: { columns: 80, rows: 24 } });
  const coordinator: UnixClient = {
    async call() {
      throw new MvmError("MVM_TENANT_NOT_FOUND", { message: "no such tenant" });
    },
  };
  const context = { stderr, clock: nodeClock, signal: new AbortController().signal };
  await waitUntilGone(context, { coordinator }, { ids: ["acme", "globex"], timeoutMs: 1000, quiet: false });
  const lines = stripVTControlCharacters(stderr.text()).trimEnd().split("\n");
  assert.deepEqual(lines.slice(-2), ["✓ acme    is erased", "✓ globex  is erased"]);
});
