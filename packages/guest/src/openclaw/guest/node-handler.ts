/**
 * Looks after an OpenClaw node host (a worker) inside its guest. It starts the unit itself: a node
 * host that was never paired has nobody to connect to, so it first needs an offer from the host.
 *
 * A mark on the data drive tells a later boot that OpenClaw's own state holds the credential.
 */
import { messageOf } from "@mvm/core";
import { GuestRefusal } from "../../agent/guest-refusal.ts";
import type { GuestHandler, HandlerParts } from "../../agent/handler.ts";
import { readJournal } from "../../agent/journal.ts";
import { shareAnswer } from "../../agent/shared-answer.ts";
import { APP_GID, APP_UID } from "../../handlers/app-account.ts";
import { rpcErrors } from "../../protocol/frames.ts";
import type { HandlerReport } from "../../protocol/handler-report.ts";
import type { PairingOffer } from "../../protocol/pairing.ts";
import { NODE_UNIT, PAIRED_MARK_PATH, PAIRING_DIR, PAIRING_TARGET_PATH } from "../guest-paths.ts";
import { WORKER_HANDLER } from "../handler-names.ts";
import { nodeProgress, type NodeProgress } from "./node-progress.ts";

const MARK_DIR = PAIRED_MARK_PATH.slice(0, PAIRED_MARK_PATH.lastIndexOf("/"));
const LINES_A_LOOK = 200;
const UNIT_TIMEOUT_MS = 60_000;

export function createNodeHandler(parts: HandlerParts): GuestHandler {
  const worker = new PairedWorker(parts);
  return {
    start: () => void worker.startIfPaired(),
    report: shareAnswer(parts.clock, () => worker.report()),
    connectors: async () => [],
    refresh: async () => ({
      applied: true,
      detail: "a worker has no secrets; it reads its configuration when it starts",
    }),
    takePairing: (offer) => worker.take(offer),
  };
}

class PairedWorker {
  readonly #parts: HandlerParts;
  #progress: NodeProgress = { state: "starting" };
  #cursor: string | undefined;
  /** The unit's process that the progress is about; 0: none. */
  #mainPid = 0;
  /** `unknown` until the mark was looked for. */
  #pairing: "unknown" | "needed" | "offered" | "paired" = "unknown";
  #offerEndsAtMs = 0;

  constructor(parts: HandlerParts) {
    this.#parts = parts;
  }

  async startIfPaired(): Promise<void> {
    const { files, log } = this.#parts;
    try {
      const mark = await files.stat(PAIRED_MARK_PATH);
      if (this.#pairing !== "unknown") return;
      this.#pairing = mark === null ? "needed" : "paired";
      if (mark !== null) await this.#systemctl("start");
    } catch (error) {
      log.error("openclaw.node.start-failed", { error: messageOf(error) });
    }
  }

  async take(offer: PairingOffer): Promise<void> {
    const { files, clock, log } = this.#parts;
    const endsAtMs = Date.parse(offer.expires_at);
    if (endsAtMs <= clock.nowMs()) throw new GuestRefusal(rpcErrors.refused, "the offer has expired");
    const owner = { uid: APP_UID, gid: APP_GID };
    await files.ensureDir(PAIRING_DIR, { ...owner, mode: 0o700 });
    await files.writeAtomic(PAIRING_TARGET_PATH, `${offer.setup_code}\n`, { ...owner, mode: 0o600 });
    await this.#look();
    this.#pairing = "offered";
    this.#offerEndsAtMs = endsAtMs;
    this.#progress = { state: "starting" };
    log.info("openclaw.node.offered", { gateway: offer.url });
    await this.#systemctl("restart");
  }

  async report(): Promise<HandlerReport> {
    await this.#look();
    await this.#settle();
    const report = { name: WORKER_HANDLER, failure: null, peers: [], active_work: null };
    if (this.#pairing === "unknown")
      return { ...report, ready: false, reason: "it has not been looked whether it is paired", needs: [] };
    if (this.#pairing === "needed") {
      const why = this.#progress.state === "rejected" ? ` (${this.#progress.reason})` : "";
      return { ...report, ready: false, reason: `waits to be paired with its gateway${why}`, needs: ["pairing"] };
    }
    if (this.#progress.state === "connected" && this.#mainPid !== 0)
      return { ...report, ready: true, reason: "connected to its gateway", needs: [] };
    const reason =
      this.#progress.state === "disconnected" ? `not connected: ${this.#progress.reason}` : "connects to its gateway";
    return { ...report, ready: false, reason, needs: [] };
  }

  /** Looks which process the unit has, and reads what it has printed since the last look. */
  async #look(): Promise<void> {
    const { services, commands } = this.#parts;
    const unit = (await services.read()).find((service) => service.name === NODE_UNIT);
    const mainPid = unit?.main_pid ?? 0;
    if (mainPid !== this.#mainPid && this.#progress.state !== "rejected") this.#progress = { state: "starting" };
    this.#mainPid = mainPid;
    const page = await readJournal(commands, {
      unit: NODE_UNIT,
      limit: LINES_A_LOOK,
      ...(this.#cursor === undefined ? {} : { cursor: this.#cursor }),
    });
    if (page.cursor !== null) this.#cursor = page.cursor;
    this.#progress = nodeProgress(
      this.#progress,
      page.entries.map((entry) => entry.message),
    );
  }

  /** Draws the consequences: keeps the mark true, and stops a worker that its gateway does not take. */
  async #settle(): Promise<void> {
    const { files, clock, log } = this.#parts;
    if (this.#progress.state === "connected" && this.#pairing === "offered") {
      await writeMark(files);
      this.#pairing = "paired";
      log.info("openclaw.node.paired", {});
    }
    const lapsed = this.#pairing === "offered" && clock.nowMs() > this.#offerEndsAtMs;
    const known = this.#pairing === "offered" || this.#pairing === "paired";
    if (known && (lapsed || this.#progress.state === "rejected")) await this.#giveUp();
  }

  async #giveUp(): Promise<void> {
    const { files, log } = this.#parts;
    const reason = this.#progress.state === "rejected" ? this.#progress.reason : "the offer has lapsed";
    log.warn("openclaw.node.unpaired", { reason });
    this.#pairing = "needed";
    await files.remove(PAIRED_MARK_PATH);
    await files.remove(PAIRING_TARGET_PATH);
    await this.#systemctl("stop");
  }

  async #systemctl(verb: "start" | "restart" | "stop"): Promise<void> {
    const argv = ["systemctl", verb, "--no-block", NODE_UNIT] as const;
    const outcome = await this.#parts.commands.run({ argv, timeoutMs: UNIT_TIMEOUT_MS, maxOutputBytes: 4096 });
    if (outcome.code !== 0)
      throw new GuestRefusal(rpcErrors.internal, `systemctl ${verb} ${NODE_UNIT}: ${outcome.stderr.trim()}`);
  }
}

/** The data drive belongs to the application: what it put in the mark's way is not followed. */
async function writeMark(files: HandlerParts["files"]): Promise<void> {
  const found = await files.stat(MARK_DIR);
  if (found !== null && found.kind !== "directory") await files.remove(MARK_DIR);
  await files.ensureDir(MARK_DIR, { mode: 0o755 });
  await files.writeAtomic(PAIRED_MARK_PATH, "{}\n", { mode: 0o644 });
}
