/** Where OpenClaw's files stand inside a guest. The profiles' units and images agree with these. */

/** On the config drive. */
export const CONFIG_DIR = "/etc/mvm-config";
export const CONFIG_NAME = "openclaw.json";
export const PROVIDER_NAME = "provider.json";
export const CONNECTORS_NAME = "connectors.json";

/** On the secrets drive; owned by the application, because OpenClaw refuses any other owner. */
export const SECRETS_NAME = "openclaw.json";
export const SECRETS_PATH = `/run/secrets/${SECRETS_NAME}`;

/** On the data drive: OPENCLAW_STATE_DIR of both units. */
export const STATE_DIR = "/data/openclaw";
export const TLS_CERTIFICATE_PATH = `${STATE_DIR}/gateway/tls/gateway-cert.pem`;
export const WORKSPACE_DIR = "/data/workspace";
export const LOG_PATH = "/data/log/openclaw.log";

/** In the image: the WhatsApp channel is a plugin of its own. */
export const WHATSAPP_PLUGIN_DIR = "/usr/lib/mvm/app/node_modules/@openclaw/whatsapp";

/** The units that run OpenClaw, as the profiles name them. */
export const GATEWAY_UNIT = "openclaw-gateway.service";
export const NODE_UNIT = "openclaw-node.service";

/**
 * Where the worker's unit finds a setup code, in memory. While the file is there the unit starts
 * `openclaw connect --target-file` (which removes it), else `openclaw node run`.
 */
export const PAIRING_DIR = "/run/mvm/openclaw-node";
export const PAIRING_TARGET_PATH = `${PAIRING_DIR}/target`;
/** On the data drive: this worker was paired, its credential is in OpenClaw's own state. */
export const PAIRED_MARK_PATH = "/data/mvm/openclaw-node-paired.json";
