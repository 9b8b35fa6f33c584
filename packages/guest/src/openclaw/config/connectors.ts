/**
 * OpenClaw's channels from the tenant's connector settings. A channel is switched on only when all
 * that it needs is there; else the gateway runs without it and the mapping says what is missing.
 * Pure.
 */
import type { ConnectorSettings, SecretName } from "@mvm/core";
import type { ConnectorMapping, HandlerInput } from "../../handlers/handler-input.ts";
import { visibleSecrets } from "../../handlers/visible-secrets.ts";
import { WHATSAPP_PLUGIN_DIR } from "../guest-paths.ts";
import { secretRef } from "./secret-ref.ts";

interface Channel {
  /** OpenClaw's own section `channels.<name>`. */
  readonly section: object;
  /** The directory of the plugin that carries it, for channels that OpenClaw does not bundle. */
  readonly pluginDir?: string;
}

type DmSettings = NonNullable<ConnectorSettings["telegram"]>;

const DEFAULT_DM: DmSettings = { dm_policy: "pairing", allow_from: [] };

/** The channels that this version can map, by connector name. */
const channels: Readonly<Record<string, (settings: ConnectorSettings) => Channel>> = {
  telegram: (settings) => ({
    section: { ...directMessages(settings.telegram ?? DEFAULT_DM), botToken: secretRef("telegram.token") },
  }),
  whatsapp: (settings) => ({
    section: directMessages(settings.whatsapp ?? DEFAULT_DM),
    pluginDir: WHATSAPP_PLUGIN_DIR,
  }),
};

export interface ChannelsConfig {
  /** The sections `channels` and `plugins`, as far as they are needed. */
  readonly sections: { readonly channels?: object; readonly plugins?: object };
  readonly mappings: readonly ConnectorMapping[];
}

export function channelsConfig(input: Pick<HandlerInput, "type" | "tenant" | "secrets">): ChannelsConfig {
  const present = visibleSecrets(input.type.secrets, input.secrets);
  const mappings = Object.entries(input.type.connectors).map(([name, { requires_secrets }]) => {
    const missing = missingFor({ name, requiresSecrets: requires_secrets, present, settings: input.tenant.connectors });
    return { name, enabled: missing.length === 0, missing };
  });
  const enabled = mappings.flatMap(({ name, enabled: on }) => {
    const channel = on ? channels[name]?.(input.tenant.connectors) : undefined;
    return channel === undefined ? [] : [{ name, channel }];
  });
  const plugged = enabled.filter(({ channel }) => channel.pluginDir !== undefined);
  return {
    mappings,
    sections: {
      ...(enabled.length > 0
        ? { channels: Object.fromEntries(enabled.map(({ name, channel }) => [name, channel.section])) }
        : {}),
      ...(plugged.length > 0
        ? {
            plugins: {
              load: { paths: plugged.map(({ channel }) => channel.pluginDir) },
              entries: Object.fromEntries(plugged.map(({ name }) => [name, { enabled: true }])),
            },
          }
        : {}),
    },
  };
}

interface Needs {
  readonly name: string;
  readonly requiresSecrets: readonly SecretName[];
  readonly present: readonly SecretName[];
  readonly settings: ConnectorSettings;
}

/** Setting its secrets switches a connector on; one without secrets is switched on in the fleet file. */
function missingFor({ name, requiresSecrets, present, settings }: Needs): readonly string[] {
  if (!Object.hasOwn(channels, name)) return ["support by this version of mvm"];
  const secrets = requiresSecrets.filter((secret) => !present.includes(secret)).map((secret) => `secret ${secret}`);
  const switchedOn = requiresSecrets.length > 0 || Object.hasOwn(settings, name);
  return switchedOn ? secrets : [`connectors.${name} in the fleet file`];
}

function directMessages({ dm_policy, allow_from }: DmSettings): object {
  // OpenClaw takes `open` only together with a list that says so.
  const allowFrom = dm_policy === "open" ? ["*"] : allow_from;
  return { enabled: true, dmPolicy: dm_policy, ...(allowFrom.length > 0 ? { allowFrom } : {}) };
}
