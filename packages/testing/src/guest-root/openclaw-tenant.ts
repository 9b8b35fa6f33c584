/**
 * A tenant without VMs: a real OpenClaw gateway and worker, each looked after by the real agent of
 * guests, in two network namespaces behind one bridge, and a stand-in model; the test is host,
 * outside and attacker. Needs root; every name on the host begins with `mvmtg`.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  ConnectorSettings,
  InstanceId,
  ModelSettings,
  PoolId,
  Secret,
  SecretName,
  TenantId,
  TypeName,
} from "@mvm/core";
import { handlerFiles, type HandlerInput, type InstanceDocument } from "@mvm/guest";
import type { InstalledOpenClaw } from "../installed-openclaw.ts";
import { startModelServer, type ModelServer } from "../model-server.ts";
import { startRootedGuest, type RootedGuest } from "./rooted-guest.ts";

const HUB = "mvmtg-hub";
const HOST_LINK = "mvmtg-host";
const HOST_IP = "10.213.250.1";
const PORT = 18789;

interface Place {
  readonly id: string;
  readonly ip: string;
  readonly namespace: string;
  readonly link: string;
  readonly unit: string;
}
const GATEWAY: Place = {
  id: "acme-gw-0",
  ip: "10.213.250.10",
  namespace: "mvmtg-gw",
  link: "gw",
  unit: "openclaw-gateway.service",
};
const WORKER: Place = {
  id: "acme-wk-0",
  ip: "10.213.250.11",
  namespace: "mvmtg-wk",
  link: "wk",
  unit: "openclaw-node.service",
};

export interface OpenClawTenant {
  readonly gateway: RootedGuest;
  readonly worker: RootedGuest;
  readonly workerId: InstanceId;
  readonly gatewayUnit: string;
  readonly workerUnit: string;
  readonly model: ModelServer;
  readonly modelKey: string;
  /** Where the gateway listens, and the token that opens it. */
  readonly url: string;
  readonly token: string;
  close(): Promise<void>;
}

const TOKEN = "gateway-token-for-tests";
const MODEL_KEY = "model-key-for-tests";

/** Builds everything and starts the gateway; the worker waits to be paired. */
export async function openOpenClawTenant(openclaw: InstalledOpenClaw): Promise<OpenClawTenant> {
  const undo: (() => Promise<void>)[] = [removeNetwork];
  const close = async (): Promise<void> => {
    for (const step of undo.toReversed()) await step();
  };
  try {
    await removeNetwork();
    await makeNetwork();
    const directory = await mkdtemp(join(tmpdir(), "mvm-guests-"));
    undo.push(() => rm(directory, { recursive: true, force: true }));
    const model = await startModelServer(HOST_IP);
    undo.push(() => model.close());
    const start = async (place: Place, other: Place): Promise<RootedGuest> => {
      const files = handlerFiles(inputOf(place, other, model.baseUrl));
      const guest = await startRootedGuest({
        instance: instanceOf(place),
        networkNamespace: place.namespace,
        directory: await mkdtemp(join(directory, `${place.id}-`)),
        config: files.config,
        secrets: files.secrets,
        units: UNITS,
        enabledUnits: place === GATEWAY ? [GATEWAY.unit] : [],
        nodeModules: join(openclaw.packageDir, ".."),
      });
      undo.push(() => guest.stop());
      return guest;
    };
    const [gateway, worker] = await Promise.all([start(GATEWAY, WORKER), start(WORKER, GATEWAY)]);
    const workerId = InstanceId.parse(WORKER.id);
    const url = `wss://${GATEWAY.ip}:${PORT}`;
    const units = { gatewayUnit: GATEWAY.unit, workerUnit: WORKER.unit };
    return { gateway, worker, workerId, ...units, model, modelKey: MODEL_KEY, url, token: TOKEN, close };
  } catch (error) {
    await close();
    throw error;
  }
}

const ip = (...args: string[]) => promisify(execFile)("ip", args);

async function makeNetwork(): Promise<void> {
  for (const namespace of [HUB, GATEWAY.namespace, WORKER.namespace]) {
    await ip("netns", "add", namespace);
    await ip("-n", namespace, "link", "set", "lo", "up");
  }
  await ip("-n", HUB, "link", "add", "br0", "type", "bridge");
  await ip("-n", HUB, "link", "set", "br0", "up");
  await ip("link", "add", HOST_LINK, "type", "veth", "peer", "name", "host", "netns", HUB);
  await ip("address", "add", `${HOST_IP}/24`, "dev", HOST_LINK);
  await ip("link", "set", HOST_LINK, "up");
  for (const { ip: address, namespace, link } of [GATEWAY, WORKER]) {
    await ip("link", "add", link, "netns", HUB, "type", "veth", "peer", "name", "eth0", "netns", namespace);
    await ip("-n", namespace, "address", "add", `${address}/24`, "dev", "eth0");
    await ip("-n", namespace, "link", "set", "eth0", "up");
  }
  for (const link of ["host", GATEWAY.link, WORKER.link])
    await ip("-n", HUB, "link", "set", link, "master", "br0", "up");
}

/** Also what an earlier run may have left. Links go with their namespaces. */
async function removeNetwork(): Promise<void> {
  for (const namespace of [GATEWAY.namespace, WORKER.namespace, HUB]) {
    await ip("netns", "delete", namespace).catch(() => undefined);
  }
}

const secretNames = ["gateway.token", "model.key", "telegram.token"].map((name) => SecretName.parse(name));
const gatewayType: HandlerInput["type"] = {
  guest_handlers: ["openclaw.gateway"],
  ports: [{ name: "gateway", port: PORT }],
  secrets: secretNames.map((name) => ({ name, required: false, generate: false })),
  connectors: {
    telegram: { requires_secrets: [SecretName.parse("telegram.token")] },
    whatsapp: { requires_secrets: [] },
  },
};
const nodeType: HandlerInput["type"] = { guest_handlers: ["openclaw.node"], ports: [], secrets: [], connectors: {} };

function typeOf(place: Place): HandlerInput["type"] {
  return place === GATEWAY ? gatewayType : nodeType;
}

function inputOf(place: Place, other: Place, modelUrl: string): HandlerInput {
  return {
    instance_id: InstanceId.parse(place.id),
    ipv4: place.ip,
    type: typeOf(place),
    tenant: {
      model: ModelSettings.parse({ base_url: modelUrl, model: "stand-in" }),
      connectors: ConnectorSettings.parse({ whatsapp: {} }),
    },
    secrets: new Map([
      [SecretName.parse("gateway.token"), new Secret(TOKEN)],
      [SecretName.parse("model.key"), new Secret(MODEL_KEY)],
    ]),
    peers: [{ instance_id: InstanceId.parse(other.id), ipv4: other.ip, type: typeOf(other) }],
  };
}

function instanceOf(place: Place): InstanceDocument {
  return {
    schema_version: 1,
    instance_id: InstanceId.parse(place.id),
    tenant_id: TenantId.parse("acme"),
    pool_id: PoolId.parse(place.link),
    role: TypeName.parse("any"),
    profile: TypeName.parse("any"),
    config_version: 1,
    guest_handlers: typeOf(place).guest_handlers,
    services: [place.unit],
    network: { address: place.ip, prefix_length: 24, gateway: HOST_IP },
  };
}

const ENV = {
  PATH: "/usr/bin:/bin",
  HOME: "/data/home",
  TMPDIR: "/data/tmp",
  OPENCLAW_STATE_DIR: "/data/openclaw",
  OPENCLAW_CONFIG_PATH: "/etc/mvm-config/openclaw.json",
  OPENCLAW_CONFIG_READONLY: "1",
  OPENCLAW_SUPERVISOR_MODE: "external",
  OPENCLAW_NO_RESPAWN: "1",
  OPENCLAW_NO_AUTO_UPDATE: "1",
  OPENCLAW_OFFLINE: "1",
  OPENCLAW_DISABLE_BONJOUR: "1",
  // There is no resolver here: Node's report must not look for the names of its peers.
  NODE_OPTIONS: "--report-exclude-network",
};
const OPENCLAW = "/usr/lib/mvm/node /usr/lib/mvm/app/node_modules/openclaw/openclaw.mjs";
/** As run-openclaw-node of the worker's profile. */
const NODE_SCRIPT = `target=/run/mvm/openclaw-node/target
if [ -e "$target" ]; then set -- connect --target-file "$target"; else set -- node run; fi
exec ${OPENCLAW} "$@" --session-host --display-name "$(hostname)"`;

const UNITS = {
  [GATEWAY.unit]: { argv: ["/bin/sh", "-c", `exec ${OPENCLAW} gateway run`], env: ENV, uid: 1000 },
  [WORKER.unit]: { argv: ["/bin/sh", "-c", NODE_SCRIPT], env: ENV, uid: 1000 },
};
