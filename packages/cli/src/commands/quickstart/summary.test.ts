import assert from "node:assert/strict";
import test from "node:test";
import { InstanceId, TenantId } from "@mvm/core";
import { capturedOutput, instanceStatus, instanceView } from "@mvm/testing";
import { nextCommands, printSummary } from "./summary.ts";

const worker = instanceView({
  instance_id: InstanceId.parse("globex-worker-0"),
  tenant_id: TenantId.parse("globex"),
  ingress_port: null,
  status: instanceStatus({ boot: { attempts: 1, hung_boots: 0, hello_ms: 48_000, ready_ms: null } }),
});

test("the table, how long it took, and the next three commands", () => {
  const stdout = capturedOutput();
  printSummary(
    { stdout, cwd: "/clone" },
    { instances: [instanceView(), worker], tookMs: 111_000, wasUp: false, configPath: "/clone/quickstart/mvm.toml" },
  );
  assert.equal(
    stdout.text(),
    `TENANT  INSTANCE         STATE  ADDRESS     TOOK   FROM THIS HOST
acme    acme-gw-0        ready  10.64.1.10  9.1 s  127.0.0.1:18800
globex  globex-worker-0  ready  10.64.1.10  48 s   -

2 tenants, 2 instances are up (111 s). Next:
  ./mvm --config quickstart/mvm.toml instance list
  ./mvm --config quickstart/mvm.toml instance logs acme-gw-0
  ./mvm --config quickstart/mvm.toml instance stop globex-worker-0
`,
  );
});

test("up already: it says so", () => {
  const stdout = capturedOutput();
  printSummary(
    { stdout, cwd: "/elsewhere" },
    { instances: [worker], tookMs: 900, wasUp: true, configPath: "/clone/quickstart/mvm.toml" },
  );
  assert.match(
    stdout.text(),
    /1 tenant, 1 instance: everything is up already \(0\.9 s\)\. Next:\n {2}\.\/mvm --config \/clone\/quickstart\/mvm\.toml instance list/,
  );
});

test("without instances there is still something to look at", () => {
  assert.deepEqual(nextCommands([], "--config x"), ["./mvm --config x fleet show"]);
});
