import assert from "node:assert/strict";
import { test } from "node:test";
import { ConnectorSettings, InstanceId, isMvmError, ModelSettings, Secret, SecretName } from "@mvm/core";
import { handlerFiles } from "./handler-files.ts";
import type { HandlerFile, HandlerInput, HandlerPeerSpec } from "./handler-input.ts";

const TOKEN = "gateway-token-marker";
const MODEL_KEY = "model-key-marker";

const gatewayType: HandlerInput["type"] = {
  guest_handlers: ["openclaw.gateway"],
  ports: [{ name: "gateway", port: 18789 }],
  secrets: ["gateway.token", "model.key", "telegram.token"].map((name) => ({
    name: SecretName.parse(name),
    required: false,
    generate: false,
  })),
  connectors: {
    telegram: { requires_secrets: [SecretName.parse("telegram.token")] },
    whatsapp: { requires_secrets: [] },
  },
};
const nodeType: HandlerInput["type"] = { guest_handlers: ["openclaw.node"], ports: [], secrets: [], connectors: {} };

const peer = (id: string, ipv4: string, type: HandlerPeerSpec["type"]): HandlerPeerSpec => ({
  instance_id: InstanceId.parse(id),
  ipv4,
  type,
});
const worker = (n: number): HandlerPeerSpec => peer(`acme-wk-${n}`, `10.64.1.2${n}`, nodeType);

const secrets = (values: Readonly<Record<string, string>>): HandlerInput["secrets"] =>
  new Map(Object.entries(values).map(([name, value]) => [SecretName.parse(name), new Secret(value)]));

const gateway = (over: Partial<HandlerInput> = {}): HandlerInput => ({
  instance_id: InstanceId.parse("acme-gw-0"),
  ipv4: "10.64.1.10",
  type: gatewayType,
  tenant: {
    model: ModelSettings.parse({ base_url: "http://10.99.0.1:18950/v1", model: "stand-in" }),
    connectors: ConnectorSettings.parse({}),
  },
  secrets: secrets({ "gateway.token": TOKEN, "model.key": MODEL_KEY }),
  peers: [worker(0)],
  ...over,
});
const node = (over: Partial<HandlerInput> = {}): HandlerInput => ({
  ...gateway(),
  instance_id: InstanceId.parse("acme-wk-0"),
  ipv4: "10.64.1.20",
  type: nodeType,
  peers: [peer("acme-gw-0", "10.64.1.10", gatewayType)],
  ...over,
});

function document(files: readonly HandlerFile[], path: string): Record<string, unknown> {
  const file = files.find((candidate) => candidate.path === path) ?? assert.fail(`no file ${path}`);
  return JSON.parse(Buffer.from(file.contents as string).toString("utf8")) as Record<string, unknown>;
}
const configOf = (input: HandlerInput) => document(handlerFiles(input).config, "openclaw.json");

test("a gateway with a model and one worker", () => {
  const { config, secrets: secret } = handlerFiles(gateway());
  assert.deepEqual(document(config, "openclaw.json"), {
    gateway: {
      mode: "local",
      port: 18789,
      bind: "custom",
      customBindHost: "10.64.1.10",
      auth: { mode: "token", token: { source: "file", provider: "mvm", id: "/gateway/token" } },
      tls: { enabled: true },
      controlUi: { enabled: false },
      terminal: { enabled: false },
      nodes: { pairing: { autoApproveLocal: false, sshVerify: false } },
    },
    secrets: { providers: { mvm: { source: "file", path: "/run/secrets/openclaw.json", mode: "json" } } },
    models: { mode: "replace", providers: { tenant: { $include: "./provider.json" } } },
    agents: {
      defaults: { workspace: "/data/workspace", model: { primary: "tenant/stand-in" }, heartbeat: { every: "0m" } },
    },
    tools: { exec: { host: "node" } },
    logging: { file: "/data/log/openclaw.log", consoleStyle: "json" },
    update: { checkOnStart: false },
  });
  assert.deepEqual(document(secret, "openclaw.json"), { gateway: { token: TOKEN }, model: { key: MODEL_KEY } });
  assert.deepEqual([secret[0]?.mode, secret[0]?.uid, secret[0]?.gid], [0o400, 1000, 1000]);
  assert.deepEqual(
    config.map((file) => [file.path, file.mode, file.uid]),
    [
      ["openclaw.json", 0o444, 0],
      ["provider.json", 0o444, 0],
      ["connectors.json", 0o444, 0],
    ],
  );
});

test("no secret's value stands on a config drive, and none at all on a worker's drives", () => {
  const all = { "gateway.token": TOKEN, "model.key": MODEL_KEY, "telegram.token": "tg" };
  const texts = (files: readonly HandlerFile[]) =>
    files.map((file) => Buffer.from(file.contents as string).toString("utf8")).join();
  const ofGateway = handlerFiles(gateway({ secrets: secrets(all) }));
  const ofNode = handlerFiles(node({ secrets: secrets(all) }));
  assert.doesNotMatch(texts(ofGateway.config), /marker/);
  assert.doesNotMatch(texts(ofNode.config), /marker/);
  assert.deepEqual(ofNode.secrets, []);
});

test("a worker knows its gateway's address and nothing to log in with", () => {
  assert.deepEqual(configOf(node())["gateway"], {
    mode: "remote",
    remote: { url: "wss://10.64.1.10:18789", transport: "direct" },
  });
  assert.deepEqual(configOf(node({ peers: [] }))["gateway"], { mode: "remote" });
});

const tools: readonly [name: string, peers: readonly HandlerPeerSpec[], expected: unknown][] = [
  ["no worker: commands run where OpenClaw runs them by itself", [], undefined],
  ["another gateway is no worker", [peer("acme-gw-1", "10.64.1.11", gatewayType)], undefined],
  ["one worker: OpenClaw finds it", [worker(0)], { exec: { host: "node" } }],
  [
    "several: the first is named, because OpenClaw does not choose",
    [worker(0), worker(1)],
    { exec: { host: "node", node: "acme-wk-0" } },
  ],
];
for (const [name, peers, expected] of tools) {
  test(`tools: ${name}`, () => assert.deepEqual(configOf(gateway({ peers }))["tools"], expected));
}

interface ConnectorCase {
  readonly name: string;
  readonly settings?: object;
  readonly token?: string;
  readonly mappings: readonly object[];
  readonly channels?: unknown;
}

const botToken = { source: "file", provider: "mvm", id: "/telegram/token" };
const telegramOff = { name: "telegram", enabled: false, missing: ["secret telegram.token"] };
const whatsappOff = { name: "whatsapp", enabled: false, missing: ["connectors.whatsapp in the fleet file"] };
const telegramOn = { name: "telegram", enabled: true, missing: [] };

const connectorCases: readonly ConnectorCase[] = [
  { name: "nothing is there", mappings: [telegramOff, whatsappOff] },
  { name: "wanted, but without its token", settings: { telegram: {} }, mappings: [telegramOff, whatsappOff] },
  {
    name: "a token alone switches telegram on, for paired people only",
    token: "tg",
    mappings: [telegramOn, whatsappOff],
    channels: { telegram: { enabled: true, dmPolicy: "pairing", botToken } },
  },
  {
    name: "the fleet file says who may write",
    settings: { telegram: { dm_policy: "allowlist", allow_from: ["42"] }, whatsapp: { allow_from: ["+15551234567"] } },
    token: "tg",
    mappings: [telegramOn, { name: "whatsapp", enabled: true, missing: [] }],
    channels: {
      telegram: { enabled: true, dmPolicy: "allowlist", allowFrom: ["42"], botToken },
      whatsapp: { enabled: true, dmPolicy: "allowlist", allowFrom: ["+15551234567"] },
    },
  },
  {
    name: "open to all",
    settings: { telegram: { dm_policy: "open" } },
    token: "tg",
    mappings: [telegramOn, whatsappOff],
    channels: { telegram: { enabled: true, dmPolicy: "open", allowFrom: ["*"], botToken } },
  },
];
for (const { name, settings = {}, token, mappings, channels } of connectorCases) {
  test(`connectors: ${name}`, () => {
    const input = gateway({
      tenant: { model: null, connectors: ConnectorSettings.parse(settings) },
      secrets: secrets({ "gateway.token": TOKEN, ...(token === undefined ? {} : { "telegram.token": token }) }),
    });
    const files = handlerFiles(input);
    assert.deepEqual(files.connectors, mappings);
    assert.deepEqual(document(files.config, "connectors.json"), mappings);
    const config = document(files.config, "openclaw.json");
    assert.deepEqual(config["channels"], channels);
    const isPlugged = Object.hasOwn(settings, "whatsapp");
    assert.equal(JSON.stringify(config["plugins"] ?? "").includes("/@openclaw/whatsapp"), isPlugged);
  });
}

test("a connector that this version can't map is off and says so", () => {
  const type = { ...gatewayType, connectors: { pigeon: { requires_secrets: [] } } };
  const { connectors } = handlerFiles(gateway({ type }));
  assert.deepEqual(connectors, [{ name: "pigeon", enabled: false, missing: ["support by this version of mvm"] }]);
});

test("what the profile got wrong is an error with a remedy", () => {
  const portless = { ...gatewayType, ports: [] };
  assert.throws(
    () => handlerFiles(gateway({ type: portless })),
    (error) => isMvmError(error, "MVM_CONFIG_INVALID") && /ports/.test(error.remedy),
  );
  const unknown = { ...gatewayType, guest_handlers: ["openclaw.pigeon"] };
  assert.throws(
    () => handlerFiles(gateway({ type: unknown })),
    (error) => isMvmError(error, "MVM_CONFIG_INVALID"),
  );
});

test("the same spec gives the same bytes", () => {
  assert.deepEqual(handlerFiles(gateway()), handlerFiles(gateway()));
});
