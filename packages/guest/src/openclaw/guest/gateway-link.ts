/**
 * Keeps one control connection to the gateway for as long as the guest runs: opens it when the
 * gateway is up, again when it is gone, and admits waiting devices on it. Started by the handler.
 */
import type { Clock, Files, Logger } from "@mvm/core";
import { messageOf } from "@mvm/core";
import * as z from "zod";
import { GuestRefusal } from "../../agent/guest-refusal.ts";
import { rpcErrors } from "../../protocol/frames.ts";
import { SECRETS_PATH, TLS_CERTIFICATE_PATH } from "../guest-paths.ts";
import { GatewayControl } from "./gateway-control.ts";
import { DevicePairList } from "./gateway-frames.ts";
import type { OpenGatewaySocket } from "./gateway-socket.ts";
import { decideAdmissions } from "./operator-admission.ts";

const RETRY_MS = 2000;
const WATCH_MS = 15_000;
/** Three ticks of the gateway. */
const MAX_SILENCE_MS = 100_000;

const SecretsDocument = z.object({ gateway: z.object({ token: z.string().min(1) }) });

export interface GatewayLinkParts {
  readonly files: Pick<Files, "read">;
  readonly clock: Clock;
  readonly log: Logger;
  readonly openSocket: OpenGatewaySocket;
  /** The gateway's port, from its configuration. */
  readonly port: () => Promise<number | null>;
}

interface OpenLink {
  readonly control: GatewayControl;
  readonly gatewayVersion: string;
}

export class GatewayLink {
  readonly #parts: GatewayLinkParts;
  #link: OpenLink | null = null;
  #whyNot = "the gateway has not been reached yet";
  #changes = 0;
  #lastLogged = "";

  constructor(parts: GatewayLinkParts) {
    this.#parts = parts;
  }

  /** The open connection and the gateway's version, or null. */
  get open(): OpenLink | null {
    return this.#link;
  }

  /** Why there is no connection. */
  get whyNot(): string {
    return this.#whyNot;
  }

  /** Rises whenever the gateway says that somebody came or went. */
  get changes(): number {
    return this.#changes;
  }

  /** @throws GuestRefusal (not ready) while there is no connection */
  requireOpen(): GatewayControl {
    if (this.#link !== null) return this.#link.control;
    throw new GuestRefusal(rpcErrors.notReady, this.#whyNot);
  }

  /** Connects, serves the connection until it is gone, connects again, until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener("abort", () => this.#link?.control.close(), { once: true });
    while (!signal.aborted) {
      try {
        this.#whyNot = `the gateway's connection ended: ${await this.#serveOnce(signal)}`;
      } catch (error) {
        this.#whyNot = `the gateway can't be reached: ${messageOf(error)}`;
      }
      this.#link = null;
      await this.#parts.clock.sleep(RETRY_MS, signal).catch(() => undefined);
    }
  }

  async #serveOnce(signal: AbortSignal): Promise<string> {
    const { files, clock, openSocket, log } = this.#parts;
    const [port, certificate, secrets] = await Promise.all([
      this.#parts.port(),
      files.read(TLS_CERTIFICATE_PATH, 64 * 1024),
      files.read(SECRETS_PATH, 64 * 1024),
    ]);
    if (port === null || certificate === null || secrets === null) return "it has not written its certificate yet";
    this.#link = await GatewayControl.open({
      openSocket,
      clock,
      endpoint: { port, certificatePem: certificate.toString("utf8") },
      token: SecretsDocument.parse(JSON.parse(secrets.toString("utf8"))).gateway.token,
      onEvent: (event) => this.#takeEvent(event),
    });
    const { control, gatewayVersion } = this.#link;
    log.info("openclaw.gateway.reached", { version: gatewayVersion });
    await this.#admit(control);
    while (control.isOpen && control.silentMs < MAX_SILENCE_MS && !signal.aborted) await this.#watch(control, signal);
    control.close();
    return control.gone;
  }

  /** Waits until the connection is gone, or it is time to look how long it has been silent. */
  async #watch(control: GatewayControl, signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    const pause = this.#parts.clock.sleep(WATCH_MS, AbortSignal.any([signal, over.signal])).catch(() => undefined);
    await Promise.race([control.gone, pause]);
    over.abort();
  }

  #takeEvent(event: string): void {
    if (event === "device.pair.requested" && this.#link !== null) void this.#admit(this.#link.control);
    if (event.startsWith("device.pair.") || event.startsWith("node.pair.") || event === "presence") this.#changes += 1;
  }

  async #admit(control: GatewayControl): Promise<void> {
    try {
      for (const admission of decideAdmissions(await control.call("device.pair.list", {}, DevicePairList))) {
        if (admission.admit) {
          await control.call("device.pair.approve", { requestId: admission.requestId }, z.unknown());
          this.#parts.log.info("openclaw.operator.admitted", { device: admission.deviceId, from: admission.remoteIp });
        } else if (this.#lastLogged !== admission.requestId) {
          this.#lastLogged = admission.requestId;
          this.#parts.log.warn("openclaw.device.left-waiting", {
            device: admission.deviceId,
            reason: admission.reason,
          });
        }
      }
    } catch (error) {
      this.#parts.log.warn("openclaw.admission.failed", { error: messageOf(error) });
    }
  }
}
