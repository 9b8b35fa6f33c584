/**
 * The link to one running guest: asks for its state again and again, with deadlines, and tells who
 * listens when it changed. A guest that lies, floods or is silent costs one request at a time, one
 * that breaks the channel's protocol ever fewer of them.
 */
import { isMvmError, isoTime, messageOf, type Clock, type GuestReport, type Logger } from "@mvm/core";
import type { VmHandle } from "@mvm/runtime";
import type { GuestChannel } from "./guest-channels.ts";
import { guestReport, needsOf, silentReport, type GuestAnswers } from "./guest-report.ts";
import { lookPauseMs } from "./look-pause.ts";

const REQUEST_TIMEOUT_MS = 20_000;
/** Failed looks in a row after which a guest counts as silent. */
const SILENT_AFTER = 3;

/** What the newest look at a guest found. */
export interface GuestView {
  readonly report: GuestReport;
  readonly handlers: ReturnType<typeof needsOf>;
  /** When it became ready, by the look that found it so; null: it is not, or it was at the very first look. */
  readonly readySince: string | null;
}

export interface GuestLinkParts {
  readonly handle: VmHandle;
  readonly channel: GuestChannel;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called after each look. */
  readonly heard: (view: GuestView) => void;
  /** Called when more than the time of the look has changed. */
  readonly changed: () => void;
}

/** Polls until `signal` is aborted. Never throws. */
export async function followGuest(parts: GuestLinkParts, signal: AbortSignal): Promise<void> {
  let view: GuestView | null = null;
  let failures = 0;
  let breaches = 0;
  let sameLooks = 0;
  while (!signal.aborted) {
    try {
      const look = await lookAt(parts, signal);
      const next: GuestView = { ...look, readySince: readySinceOf(look, view) };
      failures = 0;
      breaches = 0;
      parts.heard(next);
      const isSame = view !== null && !hasChanged(view, next);
      sameLooks = isSame ? sameLooks + 1 : 0;
      if (!isSame) parts.changed();
      view = next;
    } catch (error) {
      failures += 1;
      sameLooks = 0;
      breaches = isMvmError(error, "MVM_GUEST_PROTOCOL") ? breaches + 1 : 0;
      if (failures === SILENT_AFTER) {
        parts.log.warn("guest.silent", { instance: parts.handle.id, error: messageOf(error) });
        if (view !== null) {
          view = { ...view, report: silentReport(view.report), readySince: null };
          parts.heard(view);
          parts.changed();
        }
      }
    }
    const pauseMs = lookPauseMs({ isReady: view?.report.ready === true, sameLooks, breaches });
    await parts.clock.sleep(pauseMs, signal).catch(() => undefined);
  }
}

type Look = Omit<GuestView, "readySince">;

async function lookAt({ channel, clock }: GuestLinkParts, signal: AbortSignal): Promise<Look> {
  const options = { timeoutMs: REQUEST_TIMEOUT_MS, signal };
  const status = await channel.request("status", {}, options);
  const answers: GuestAnswers = {
    status,
    // A guest that speaks the channel's first version says these only when it is asked for them.
    health: status.health ?? (await channel.request("health", {}, options)),
    connectors: status.connectors ?? (await channel.request("connectors", {}, options)).connectors,
  };
  return { report: guestReport(answers, isoTime(clock.nowMs())), handlers: needsOf(status) };
}

function readySinceOf({ report }: Look, before: GuestView | null): string | null {
  if (!report.ready || before === null) return null;
  return before.report.ready ? before.readySince : report.reported_at;
}

/** Whether anything but the time of the answer differs. */
function hasChanged(before: GuestView, after: GuestView): boolean {
  return essence(before) !== essence(after);
}

function essence({ report, handlers }: GuestView): string {
  return JSON.stringify([{ ...report, reported_at: "" }, handlers]);
}
