/** Whose words `mvm instance logs --console` prints: an agent that answers with the output of one VM or another. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import test, { after, before } from "node:test";
import type { LogsAnswer } from "@mvm/agent";
import { nodeClock, nodeFiles } from "@mvm/core";
import { capturedOutput, instanceView } from "@mvm/testing";
import { systemdServiceManager } from "../../host/service-manager.ts";
import { runCli } from "../../run-cli.ts";

// Short: sockets lie in it.
const cwd = mkdtempSync("/tmp/mvm-log-");
const CONFIG =
  'schema_version = 1\n[node]\nname = "n1"\nmode = "development"\nstate_dir = "state"\nruntime_dir = "."\n';
const ENDED = "2026-03-01T12:00:00.000Z";
let answer: LogsAnswer;

const servers = ["coordinator.sock", "agent.sock"].map((name) => ({
  path: join(cwd, name),
  server: createServer(({ url = "" }, response) => {
    const body = url.includes("/logs?source=console") ? answer : { revision: 1, instance: instanceView() };
    response.setHeader("content-type", "application/json").end(JSON.stringify(body));
  }),
}));

before(async () => {
  writeFileSync(join(cwd, "mvm.toml"), CONFIG);
  for (const { server, path } of servers) await once(server.listen(path), "listening");
});
after(() => {
  for (const { server } of servers) server.close();
  rmSync(cwd, { recursive: true });
});

async function printed(...flags: readonly string[]): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const streams = { stdout: capturedOutput(), stderr: capturedOutput(), signal: new AbortController().signal };
  const stdin = { isTty: false, readAll: async () => Buffer.alloc(0), ask: async () => "" };
  const ports = { stdin, clock: nodeClock, files: nodeFiles, serviceManager: systemdServiceManager({}) };
  const machine = { ...streams, ...ports, cwd, isRoot: false, claimedBy: "eve" };
  const code = await runCli(["instance", "logs", "acme-gw-0", "--console", ...flags], streams, async () => machine);
  assert.equal(code, 0, streams.stderr.text());
  return { stdout: streams.stdout.text(), stderr: streams.stderr.text() };
}

const line = { at: null, unit: "vmm-log", priority: null, message: "a drive failed" };
for (const [source, endedAt, note] of [
  ["guest-console", null, /^note: the console of the guest$/m],
  ["vmm-log", null, /^note: the log of the VMM, because the guest has no console$/m],
  [
    "vmm-log",
    ENDED,
    /^note: the log of the VMM, because the guest has no console, of the VM that ended at 2026-03-01/m,
  ],
] as const) {
  test(`the ${source} of a VM that ${endedAt === null ? "runs" : "ended"} is named as such`, async () => {
    answer = { source, lines: [line], ended_at: endedAt, cursor: null, more: false };
    const { stdout, stderr } = await printed();
    assert.equal(stdout, "a drive failed\n");
    assert.match(stderr, note);
    const { stdout: json } = await printed("--json");
    assert.match(json, new RegExp(`"source": ?"${source}"`));
  });
}
