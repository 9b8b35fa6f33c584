/** What is said of an interrupted command: servers that leave one request open, during which Ctrl-C is typed. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { nodeClock, nodeFiles } from "@mvm/core";
import { capturedOutput, instanceView } from "@mvm/testing";
import { systemdServiceManager } from "./host/service-manager.ts";
import { Interrupted } from "./interrupted.ts";
import { runCli } from "./run-cli.ts";

// Short: sockets lie in it.
const cwd = mkdtempSync("/tmp/mvm-int-");
const CONFIG =
  'schema_version = 1\n[node]\nname = "n1"\nmode = "development"\nstate_dir = "state"\nruntime_dir = "."\n';
writeFileSync(join(cwd, "mvm.toml"), CONFIG);
const logs = { source: "guest-journal", lines: [], cursor: "1", more: true, ended_at: null };
const answers: Readonly<Record<string, unknown>> = {
  "GET /v1/instances/acme-gw-0": { revision: 1, instance: instanceView() },
  "GET /v1/instances/acme-gw-0/logs?source=guest&limit=100": logs,
};

let interrupt = new AbortController();
const typeCtrlC = (): void => interrupt.abort(new Interrupted("SIGINT"));

const servers = ["coordinator.sock", "agent.sock"].map((name) => ({
  path: join(cwd, name),
  server: createServer((request, response) => {
    const answer = answers[`${request.method} ${request.url}`];
    if (answer === undefined) typeCtrlC();
    else response.setHeader("content-type", "application/json").end(JSON.stringify(answer));
  }),
}));

before(async () => {
  for (const { server, path } of servers) await once(server.listen(path), "listening");
});
after(() => {
  for (const { server } of servers) server.closeAllConnections();
  for (const { server } of servers) server.close();
  rmSync(cwd, { recursive: true });
});

async function interrupted(command: string): Promise<{ readonly code: number; readonly said: string }> {
  interrupt = new AbortController();
  const { signal } = interrupt;
  const streams = { stdout: capturedOutput(), stderr: capturedOutput(), signal };
  const stdin = {
    isTty: true,
    readAll: () => Promise.resolve(Buffer.alloc(0)),
    ask: async () => {
      typeCtrlC();
      throw new Error("the question was called off");
    },
  };
  const serviceManager = systemdServiceManager({});
  const ports = { stdin, clock: nodeClock, files: nodeFiles, serviceManager };
  const machine = { ...streams, ...ports, cwd, isRoot: false, claimedBy: "eve" };
  const code = await runCli(command.split(" "), streams, async () => machine);
  return { code, said: streams.stderr.text().replace(/^config: .*\n/, "") };
}

test("at the question of a destroy nothing was changed", async () => {
  const { code, said } = await interrupted("instance destroy acme-gw-0");
  assert.equal(code, 130);
  assert.match(said, /^This erases instance acme-gw-0 .*\ninterrupted: nothing was changed\n$/);
});

for (const [command, look] of [
  ["instance start acme-gw-0", "mvm instance show acme-gw-0"],
  ["instance destroy acme-gw-0 --yes", "mvm instance list"],
  ["--config mvm.toml tenant destroy acme --yes", null],
  ["--config mvm.toml instance stop acme-gw-0", "mvm --config mvm.toml instance show acme-gw-0"],
] as const) {
  const said = look === null ? "nothing was changed" : `what was asked for goes on in the background: see ${look}`;
  test(`mvm ${command}: ${said}`, async () =>
    assert.deepEqual(await interrupted(command), { code: 130, said: `interrupted: ${said}\n` }));
}

for (const command of ["instance list", "instance logs acme-gw-0 --follow", "tenant show acme", "fleet show"]) {
  test(`mvm ${command} only looks: nothing is said`, async () =>
    assert.deepEqual(await interrupted(command), { code: 130, said: "" }));
}
