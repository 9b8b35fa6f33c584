/**
 * How long to wait before the next look at a guest. A look costs an emulated guest a good part of a
 * second and wakes an idle one, so those of which nothing new is expected are asked seldom. Pure.
 */
import { retryDelayMs } from "../plan/backoff.ts";

/** Until it is ready, and when that takes long. */
const EAGER_MS = 1_000;
const PATIENT_MS = 5_000;
const EAGER_LOOKS = 120;
/** When it is ready, and after a minute without news. */
const CALM_MS = 5_000;
const STEADY_MS = 20_000;
const CALM_LOOKS = 12;
/** In the middle of the spread: there is one guest to a channel. */
const NO_JITTER = 0.5;

export interface LookHistory {
  readonly isReady: boolean;
  /** Good looks in a row that found nothing new. */
  readonly sameLooks: number;
  /** Looks in a row that ended because the guest broke the channel's protocol. */
  readonly breaches: number;
}

export function lookPauseMs({ isReady, sameLooks, breaches }: LookHistory): number {
  if (breaches > 0) return retryDelayMs(breaches, NO_JITTER);
  if (isReady) return sameLooks < CALM_LOOKS ? CALM_MS : STEADY_MS;
  return sameLooks < EAGER_LOOKS ? EAGER_MS : PATIENT_MS;
}
