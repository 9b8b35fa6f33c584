/** The parts of OpenClaw's gateway protocol (version 4) that the guest's agent uses. Pure. */
import * as z from "zod";

export const GATEWAY_PROTOCOL = 4;

/** All that a control client inside the guest may do: pair devices and nodes, look, reload secrets. */
export const CONTROL_SCOPES = ["operator.read", "operator.write", "operator.admin", "operator.pairing"] as const;

const GatewayError = z.object({
  code: z.string(),
  message: z.string(),
  retryable: z.boolean().optional(),
});

const GatewayFrame = z.discriminatedUnion("type", [
  z.object({ type: z.literal("event"), event: z.string(), payload: z.unknown().optional() }),
  z.object({
    type: z.literal("res"),
    id: z.string(),
    ok: z.boolean(),
    payload: z.unknown().optional(),
    error: GatewayError.optional(),
  }),
]);
export type GatewayFrame = z.infer<typeof GatewayFrame>;
export type GatewayResponse = Extract<GatewayFrame, { type: "res" }>;

/** The frame of a message, or null for one that this client need not know. */
export function decodeGatewayFrame(text: string): GatewayFrame | null {
  try {
    const decoded = GatewayFrame.safeParse(JSON.parse(text));
    return decoded.success ? decoded.data : null;
  } catch {
    return null;
  }
}

/** Loopback, shared token and this client's kind together give the full scopes without a device identity. */
export function connectParams(token: string, agentVersion: string): object {
  return {
    minProtocol: GATEWAY_PROTOCOL,
    maxProtocol: GATEWAY_PROTOCOL,
    client: { id: "gateway-client", version: agentVersion, platform: "linux", mode: "backend" },
    role: "operator",
    scopes: CONTROL_SCOPES,
    caps: [],
    locale: "en-US",
    userAgent: `mvm-guest-agent/${agentVersion}`,
    auth: { token },
  };
}

export const HelloOk = z.object({ server: z.object({ version: z.string() }) });

const PendingDevice = z.object({
  requestId: z.string(),
  deviceId: z.string(),
  role: z.string().optional(),
  roles: z.array(z.string()).optional(),
  scopes: z.array(z.string()).default([]),
  remoteIp: z.string().optional(),
  isRepair: z.boolean().optional(),
});
export type PendingDevice = z.infer<typeof PendingDevice>;

export const DevicePairList = z.object({
  pending: z.array(PendingDevice),
  paired: z.array(z.object({ deviceId: z.string() })),
});
export type DevicePairList = z.infer<typeof DevicePairList>;

export const NodeList = z.object({
  nodes: z.array(
    z.object({ nodeId: z.string(), displayName: z.string().optional(), connected: z.boolean().default(false) }),
  ),
});
export type NodeList = z.infer<typeof NodeList>;

export const SetupCode = z.object({ setupCode: z.string(), expiresAtMs: z.number() });

/** What stands inside a setup code. The fingerprint is there when the gateway serves TLS itself. */
export const SetupCodePayload = z.object({ url: z.string(), bootstrapToken: z.string(), tlsFingerprint: z.string() });

export const RestartPreflight = z.object({ counts: z.object({ totalActive: z.int().min(0) }) });

const ChannelAccount = z.object({
  running: z.boolean().optional(),
  connected: z.boolean().optional(),
  linked: z.boolean().optional(),
  lastError: z.string().nullish(),
  stateReason: z.string().nullish(),
});
export type ChannelAccount = z.infer<typeof ChannelAccount>;
export const ChannelsStatus = z.object({ channelAccounts: z.record(z.string(), z.array(ChannelAccount)) });
export type ChannelsStatus = z.infer<typeof ChannelsStatus>;
