/**
 * openclaw.json and provider.json of a gateway from the tenant's spec. Pure; held against OpenClaw's
 * own validator in tests.
 *
 * The gateway listens on the tenant's address (and on loopback, for the agent in the guest), takes a
 * token from the secrets drive, speaks TLS, and admits no device by itself: pairing goes through the
 * agent in the guest.
 */
import type { ModelSettings } from "@mvm/core";
import { MvmError } from "@mvm/core";
import type { HandlerFiles, HandlerInput } from "../../handlers/handler-input.ts";
import { CONFIG_NAME, CONNECTORS_NAME, LOG_PATH, PROVIDER_NAME, WORKSPACE_DIR } from "../guest-paths.ts";
import { GATEWAY_HANDLER, WORKER_HANDLER } from "../handler-names.ts";
import { channelsConfig } from "./connectors.ts";
import { configFile } from "./config-file.ts";
import { secretRef, secretsSection } from "./secret-ref.ts";
import { secretsFiles } from "./secrets-document.ts";

/** The port that gateway types declare under this name. */
const GATEWAY_PORT_NAME = "gateway";
const PROVIDER_ID = "tenant";

/** @throws MvmError MVM_CONFIG_INVALID when the type declares no port named `gateway` */
export function gatewayFiles(input: HandlerInput): HandlerFiles {
  const { sections, mappings } = channelsConfig(input);
  const { model } = input.tenant;
  const document = {
    gateway: gatewaySection(input),
    secrets: secretsSection,
    ...(model === null
      ? {}
      : { models: { mode: "replace", providers: { [PROVIDER_ID]: { $include: `./${PROVIDER_NAME}` } } } }),
    agents: {
      defaults: {
        workspace: WORKSPACE_DIR,
        ...(model === null ? {} : { model: { primary: `${PROVIDER_ID}/${model.model}` } }),
        heartbeat: { every: "0m" },
      },
    },
    ...toolsSection(input),
    ...sections,
    logging: { file: LOG_PATH, consoleStyle: "json" },
    update: { checkOnStart: false },
  };
  return {
    config: [
      configFile(CONFIG_NAME, document),
      ...(model === null ? [] : [configFile(PROVIDER_NAME, providerDocument(model))]),
      configFile(CONNECTORS_NAME, mappings),
    ],
    secrets: secretsFiles(input.type.secrets, input.secrets),
    connectors: mappings,
  };
}

/** The gateway's port as its type declares it. */
export function gatewayPort(type: Pick<HandlerInput["type"], "ports">): number {
  const declared = type.ports.find((port) => port.name === GATEWAY_PORT_NAME);
  if (declared !== undefined) return declared.port;
  throw new MvmError("MVM_CONFIG_INVALID", {
    message: `a profile with the handler ${GATEWAY_HANDLER} declares no port named '${GATEWAY_PORT_NAME}'`,
    remedy: `Add { name = "${GATEWAY_PORT_NAME}", port = 18789 } to the profile's ports.`,
  });
}

function gatewaySection(input: HandlerInput): object {
  return {
    mode: "local",
    port: gatewayPort(input.type),
    bind: "custom",
    customBindHost: input.ipv4,
    auth: { mode: "token", token: secretRef("gateway.token") },
    tls: { enabled: true },
    controlUi: { enabled: false },
    terminal: { enabled: false },
    nodes: { pairing: { autoApproveLocal: false, sshVerify: false } },
  };
}

/** Commands of the model run on the tenant's workers when it has any: the gateway holds its secrets. */
function toolsSection(input: HandlerInput): object {
  const workers = input.peers.filter((peer) => peer.type.guest_handlers.includes(WORKER_HANDLER));
  const [first] = workers;
  if (first === undefined) return {};
  // With several workers OpenClaw wants to be told which; a session may name another.
  return { tools: { exec: { host: "node", ...(workers.length > 1 ? { node: first.instance_id } : {}) } } };
}

function providerDocument(model: ModelSettings): object {
  return {
    baseUrl: model.base_url,
    api: model.api,
    apiKey: secretRef("model.key"),
    models: [
      {
        id: model.model,
        name: model.model,
        reasoning: false,
        input: ["text"],
        contextWindow: model.context_window,
        maxTokens: model.max_tokens,
        cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
      },
    ],
  };
}
