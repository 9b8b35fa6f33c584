/** Our files against OpenClaw's own validator, that of the image. No VM is booted. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { ConnectorSettings, InstanceId, ModelSettings, Secret, SecretName } from "@mvm/core";
import { installedOpenClaw, type InstalledOpenClaw, requires } from "@mvm/testing";
import { handlerFiles } from "../../handlers/handler-files.ts";
import type { HandlerInput } from "../../handlers/handler-input.ts";

const skip = await requires("openclaw");

const secretNames = ["gateway.token", "model.key", "telegram.token"].map((name) => SecretName.parse(name));
const gatewayType: HandlerInput["type"] = {
  guest_handlers: ["openclaw.gateway"],
  ports: [{ name: "gateway", port: 18789 }],
  secrets: secretNames.map((name) => ({ name, required: false, generate: false })),
  connectors: {
    telegram: { requires_secrets: [SecretName.parse("telegram.token")] },
    whatsapp: { requires_secrets: [] },
  },
};
const nodeType: HandlerInput["type"] = { guest_handlers: ["openclaw.node"], ports: [], secrets: [], connectors: {} };
const peers = ["acme-wk-0", "acme-wk-1"].map((id) => ({
  instance_id: InstanceId.parse(id),
  ipv4: "10.64.1.20",
  type: nodeType,
}));

const bare: HandlerInput = {
  instance_id: InstanceId.parse("acme-gw-0"),
  ipv4: "10.64.1.10",
  type: gatewayType,
  tenant: { model: null, connectors: {} },
  secrets: new Map([[SecretName.parse("gateway.token"), new Secret("t")]]),
  peers: [],
};
const inputs: Readonly<Record<string, HandlerInput>> = {
  "a gateway alone": bare,
  "a gateway with everything": {
    ...bare,
    tenant: {
      model: ModelSettings.parse({ base_url: "https://models.example/v1", model: "vendor/large" }),
      connectors: ConnectorSettings.parse({
        telegram: { dm_policy: "open" },
        whatsapp: { allow_from: ["+15551234567"] },
      }),
    },
    secrets: new Map(secretNames.map((name) => [name, new Secret("t")])),
    peers,
  },
  "a worker": {
    ...bare,
    type: nodeType,
    peers: [{ instance_id: InstanceId.parse("acme-gw-0"), ipv4: "10.64.1.10", type: gatewayType }],
  },
  "a worker without a gateway": { ...bare, type: nodeType },
};

/** Writes the files of one instance and asks OpenClaw about them. `edit` breaks them for the counter-test. */
async function validate(
  installed: InstalledOpenClaw,
  input: HandlerInput,
  edit?: (text: string) => string,
): Promise<{ code: number; said: string }> {
  const directory = await mkdtemp(join(tmpdir(), "mvm-openclaw-"));
  try {
    for (const file of handlerFiles(input).config) await writeFile(join(directory, file.path), file.contents);
    const configPath = join(directory, "openclaw.json");
    // The image's root is not this machine's: the plugin lies beside the package, wherever that is.
    const whatsapp = join(installed.packageDir, "..", "@openclaw", "whatsapp");
    const text = (await readFile(configPath, "utf8")).replace(/"[^"]*\/@openclaw\/whatsapp"/, JSON.stringify(whatsapp));
    await writeFile(configPath, edit === undefined ? text : edit(text));
    const child = installed.start(["config", "validate", "--json"], { configPath, stateDir: directory });
    let said = "";
    child.stdout?.on("data", (chunk: Buffer) => (said += chunk.toString("utf8")));
    child.stderr?.on("data", (chunk: Buffer) => (said += chunk.toString("utf8")));
    await once(child, "close");
    return { code: child.exitCode ?? -1, said };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

describe("OpenClaw's validator", { skip, timeout: 30 * 60_000 }, () => {
  let openclaw: InstalledOpenClaw;
  before(async () => {
    openclaw = await installedOpenClaw();
  });
  after(() => openclaw.close());

  for (const [name, input] of Object.entries(inputs)) {
    test(`takes the configuration of ${name}`, { timeout: 120_000 }, async () => {
      const { code, said } = await validate(openclaw, input);
      assert.equal(code, 0, said);
    });
  }

  test("does refuse a broken one", { timeout: 120_000 }, async () => {
    const { code } = await validate(openclaw, bare, (text) =>
      text.replace('"mode": "local"', '"mode": "local", "nonsense": 1'),
    );
    assert.notEqual(code, 0);
  });
});
