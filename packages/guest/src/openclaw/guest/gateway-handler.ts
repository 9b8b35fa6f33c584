/**
 * Looks after an OpenClaw gateway inside its guest: is it up, why not, who is connected, and how a
 * worker gets in. The gateway itself is started and restarted by systemd.
 */
import type { InstanceId } from "@mvm/core";
import { messageOf } from "@mvm/core";
import * as z from "zod";
import { GuestRefusal } from "../../agent/guest-refusal.ts";
import type { GuestHandler, HandlerParts } from "../../agent/handler.ts";
import { rpcErrors } from "../../protocol/frames.ts";
import type { ConnectorReport, HandlerPeer, HandlerReport } from "../../protocol/handler-report.ts";
import { PairingOffer } from "../../protocol/pairing.ts";
import type { ConnectorMapping } from "../../handlers/handler-input.ts";
import { CONFIG_DIR, CONFIG_NAME, CONNECTORS_NAME } from "../guest-paths.ts";
import { GATEWAY_HANDLER } from "../handler-names.ts";
import { connectorReports } from "./connector-detail.ts";
import { ChannelsStatus, NodeList, RestartPreflight, SetupCode, SetupCodePayload } from "./gateway-frames.ts";
import { GatewayLink } from "./gateway-link.ts";
import { gatewayUpkeep } from "./gateway-upkeep.ts";
import type { GatewayControl } from "./gateway-control.ts";
import type { OpenGatewaySocket } from "./gateway-socket.ts";

/** How long an answer about peers and work serves, unless the gateway says that somebody came or went. */
const PEERS_FOR_MS = 60_000;

const GatewayPort = z.object({ gateway: z.object({ port: z.int().min(1).max(65535) }) });
const Mappings = z.array(z.object({ name: z.string(), enabled: z.boolean(), missing: z.array(z.string()) }));

interface SeenPeers {
  readonly peers: HandlerPeer[];
  readonly activeWork: number | null;
  readonly changes: number;
  readonly until: number;
}

export interface GatewayHandlerParts extends HandlerParts {
  readonly openSocket: OpenGatewaySocket;
}

export function createGatewayHandler(parts: GatewayHandlerParts): GuestHandler {
  const { files, clock, log, openSocket } = parts;
  const link = new GatewayLink({ files, clock, log, openSocket, port: () => readPort(parts) });
  const observePeers = peerWatch(parts, link);
  const observeFailure = gatewayUpkeep(parts);
  return {
    start: (signal) => void link.run(signal),

    async report(): Promise<HandlerReport> {
      const failure = await observeFailure();
      const open = link.open;
      if (open === null) {
        const reason = (failure?.message ?? `the gateway is not up yet: ${link.whyNot}`).slice(0, 500);
        return { name: GATEWAY_HANDLER, ready: false, reason, failure, needs: [], peers: [], active_work: null };
      }
      const { peers, activeWork } = await observePeers(open.control);
      const reason = `OpenClaw ${open.gatewayVersion} takes connections`.slice(0, 500);
      return { name: GATEWAY_HANDLER, ready: true, reason, failure: null, needs: [], peers, active_work: activeWork };
    },

    async connectors(): Promise<readonly ConnectorReport[]> {
      const mappings = await readMappings(parts);
      const control = link.open?.control;
      const asked = mappings.some((mapping) => mapping.enabled) && control !== undefined;
      const live = asked ? await control.call("channels.status", {}, ChannelsStatus).catch(() => null) : null;
      return connectorReports(mappings, live);
    },

    async refresh() {
      await link.requireOpen().call("secrets.reload", {}, z.unknown());
      return { applied: true, detail: "the gateway took the secrets anew; it watches its configuration itself" };
    },

    mintPairing: async (peer) => mintPairing(link.requireOpen(), peer),
  };
}

function peerWatch(
  { clock, log }: GatewayHandlerParts,
  link: GatewayLink,
): (control: GatewayControl) => Promise<SeenPeers> {
  let seen: SeenPeers | null = null;
  return async (control) => {
    if (seen !== null && seen.changes === link.changes && clock.monotonicMs() < seen.until) return seen;
    const changes = link.changes;
    try {
      const [{ nodes }, preflight] = await Promise.all([
        control.call("node.list", {}, NodeList),
        control.call("gateway.restart.preflight", {}, RestartPreflight).catch(() => null),
      ]);
      const peers = nodes
        .slice(0, 256)
        .map((node) => ({ name: (node.displayName ?? node.nodeId).slice(0, 64), connected: node.connected }));
      seen = {
        peers,
        activeWork: preflight?.counts.totalActive ?? null,
        changes,
        until: clock.monotonicMs() + PEERS_FOR_MS,
      };
    } catch (error) {
      log.warn("openclaw.peers.unknown", { error: messageOf(error) });
      seen = { peers: [], activeWork: null, changes, until: clock.monotonicMs() };
    }
    return seen;
  };
}

async function mintPairing(control: GatewayControl, peer: InstanceId): Promise<PairingOffer> {
  await forgetStalePeers(control, peer);
  const { setupCode, expiresAtMs } = await control.call(
    "device.pair.setupCode",
    { bootstrapProfile: "node", includeQr: false },
    SetupCode,
  );
  const payload = SetupCodePayload.safeParse(JSON.parse(Buffer.from(setupCode, "base64url").toString("utf8")));
  if (!payload.success)
    throw new GuestRefusal(rpcErrors.internal, "the gateway's setup code carries no certificate fingerprint");
  return PairingOffer.parse({
    setup_code: setupCode,
    url: payload.data.url,
    tls_fingerprint: payload.data.tlsFingerprint.replaceAll(":", "").toLowerCase(),
    expires_at: new Date(expiresAtMs).toISOString(),
  });
}

/** A worker whose data was made anew comes with a new identity: the old one of its name can go. */
async function forgetStalePeers(control: GatewayControl, peer: InstanceId): Promise<void> {
  const { nodes } = await control.call("node.list", {}, NodeList);
  for (const node of nodes.filter((candidate) => candidate.displayName === peer && !candidate.connected)) {
    await control.call("node.pair.remove", { nodeId: node.nodeId }, z.unknown());
  }
}

async function readPort({ files }: GatewayHandlerParts): Promise<number | null> {
  const text = await files.read(`${CONFIG_DIR}/${CONFIG_NAME}`, 1024 * 1024);
  return text === null ? null : GatewayPort.parse(JSON.parse(text.toString("utf8"))).gateway.port;
}

async function readMappings({ files }: GatewayHandlerParts): Promise<readonly ConnectorMapping[]> {
  const text = await files.read(`${CONFIG_DIR}/${CONNECTORS_NAME}`, 64 * 1024);
  return text === null ? [] : Mappings.parse(JSON.parse(text.toString("utf8")));
}
