/**
 * A clock that stands still until a test moves it. Timers fire in the order of their times, those of
 * the same time in the order of their making, so that a run repeats itself exactly.
 */
import type { Clock } from "@mvm/core";

interface Timer {
  readonly atMs: number;
  readonly number: number;
  readonly fire: () => void;
}

/** 2026-01-01T00:00:00Z: any fixed time. */
const BEGINNING_MS = 1_767_225_600_000;

export class FakeClock implements Clock {
  #elapsedMs = 0;
  #made = 0;
  readonly #timers = new Set<Timer>();

  nowMs(): number {
    return BEGINNING_MS + Math.floor(this.#elapsedMs);
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(signal.reason as Error);
        return;
      }
      const timer = { atMs: this.#elapsedMs + Math.max(0, ms), number: (this.#made += 1), fire: done };
      const aborted = (): void => {
        this.#timers.delete(timer);
        reject(signal?.reason as Error);
      };
      function done(): void {
        signal?.removeEventListener("abort", aborted);
        resolve();
      }
      signal?.addEventListener("abort", aborted, { once: true });
      this.#timers.add(timer);
    });
  }

  /** Lets time pass to the next timer and fires it. False when there is none at or before `untilMs`. */
  advanceToNext(untilMs: number): boolean {
    let next: Timer | null = null;
    for (const timer of this.#timers) {
      if (next === null || timer.atMs < next.atMs || (timer.atMs === next.atMs && timer.number < next.number))
        next = timer;
    }
    if (next === null || next.atMs > untilMs) {
      this.#elapsedMs = Math.max(this.#elapsedMs, untilMs);
      return false;
    }
    this.#elapsedMs = Math.max(this.#elapsedMs, next.atMs);
    this.#timers.delete(next);
    next.fire();
    return true;
  }
}
