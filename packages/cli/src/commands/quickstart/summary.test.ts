import assert from "node:assert/strict";
import test from "node:test";
import { InstanceId, MicrovmsTables, TenantId, TypeName } from "@mvm/core";
import { capturedOutput, instanceStatus, instanceView } from "@mvm/testing";
import { nextCommands, printSummary } from "./summary.ts";

const worker = instanceView({
  instance_id: InstanceId.parse("globex-worker-0"),
  tenant_id: TenantId.parse("globex"),
  ingress_port: null,
  status: instanceStatus({ boot: { attempts: 1, hung_boots: 0, hello_ms: 48_000, ready_ms: null } }),
});

const gatewayPort = { name: "gateway", port: 18789, scheme: "https" };
const { profiles } = MicrovmsTables.parse({
  profiles: {
    minimal: { description: "m", min_mem_mib: 64, defaults: { vcpus: 1, mem_mib: 64, data_mib: 0 } },
    secure: {
      description: "s",
      ports: [gatewayPort, { name: "other", port: 1 }],
      min_mem_mib: 64,
      defaults: { vcpus: 1, mem_mib: 64, data_mib: 0 },
    },
  },
});
const stopped = instanceStatus({ state: "stopped" });
const CONFIG = { flag: "--config x", list: "./mvm --config x instance list" };

test("the table, how long it took, and the next three commands", () => {
  const stdout = capturedOutput();
  printSummary(
    { stdout, cwd: "/clone" },
    {
      instances: [instanceView(), worker],
      tookMs: 111_000,
      wasUp: false,
      configPath: "/clone/quickstart/mvm.toml",
      profiles,
    },
  );
  assert.equal(
    stdout.text(),
    `TENANT  INSTANCE         STATE  ADDRESS     TOOK   FROM THIS HOST
acme    acme-gw-0        ready  10.64.1.10  9.1 s  127.0.0.1:18800
globex  globex-worker-0  ready  10.64.1.10  48 s   -

2 tenants, 2 instances are up (111 s).
Next:
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
    { instances: [worker], tookMs: 900, wasUp: true, configPath: "/clone/quickstart/mvm.toml", profiles },
  );
  assert.match(
    stdout.text(),
    /1 tenant, 1 instance: everything is up already \(0\.9 s\)\.\nNext:\n {2}\.\/mvm --config \/clone\/quickstart\/mvm\.toml instance list/,
  );
});

for (const [until, end] of [
  [null, "until it is started"],
  ["2026-11-21T13:00:00.000Z", "until 2026-11-21 13:00 UTC"],
] as const) {
  test(`an instance that is held stopped ${end} is not said to be up, and how to start it is`, () => {
    const stdout = capturedOutput();
    const hold = { kind: "hard", wanted: "stopped", until, by: "eve", since: "2026-11-21T12:00:00.000Z" } as const;
    const held = instanceView({ ...worker, hold, goal: "stopped", status: instanceStatus({ state: "stopped" }) });
    printSummary(
      { stdout, cwd: "/clone" },
      {
        instances: [instanceView(), held],
        tookMs: 900,
        wasUp: true,
        configPath: "/clone/quickstart/mvm.toml",
        profiles,
      },
    );
    const text = stdout.text();
    assert.match(text, /2 tenants, 2 instances: 1 of them up \(0\.9 s\)\.\n/);
    assert.doesNotMatch(text, /everything is up/);
    const start = "./mvm --config quickstart/mvm.toml instance start globex-worker-0";
    assert.ok(text.includes(`globex-worker-0 is held stopped by eve ${end}: ${start}\n`), text);
  });
}

test("an instance that speaks https has an address that says so, and a command that talks to it", () => {
  const secure = instanceView({ profile: TypeName.parse("secure") });
  const stdout = capturedOutput();
  const summary = { tookMs: 900, wasUp: true, configPath: "/clone/quickstart/mvm.toml", profiles };
  printSummary({ stdout, cwd: "/clone" }, { ...summary, instances: [secure, worker] });
  assert.match(stdout.text(), /acme-gw-0 .* https:\/\/127\.0\.0\.1:18800\n/);
  assert.deepEqual(nextCommands([secure, worker], profiles, CONFIG.flag), [
    CONFIG.list,
    "curl -k https://127.0.0.1:18800/healthz",
    "./mvm --config x instance stop globex-worker-0",
  ]);
  assert.doesNotMatch(nextCommands([{ ...secure, status: stopped }], profiles, CONFIG.flag).join(), /curl/);
});

test("what is suggested to be stopped runs", () => {
  const held = { ...worker, status: stopped };
  const logs = "./mvm --config x instance logs acme-gw-0";
  assert.deepEqual(nextCommands([instanceView(), held], profiles, CONFIG.flag), [
    CONFIG.list,
    logs,
    "./mvm --config x instance stop acme-gw-0",
  ]);
  assert.deepEqual(nextCommands([instanceView({ status: stopped })], profiles, CONFIG.flag), [CONFIG.list, logs]);
});

test("without instances there is still something to look at", () => {
  assert.deepEqual(nextCommands([], profiles, "--config x"), ["./mvm --config x fleet show"]);
});
