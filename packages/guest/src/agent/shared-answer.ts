/**
 * An answer that costs a process, shared by all who ask at about the same time.
 *
 * On an emulated CPU a process costs tenths of a second and the host asks often: an answer serves for
 * ten times as long as getting it took, so that asking never takes more than a tenth of the machine.
 */
import type { Clock } from "@mvm/core";

const SHORTEST_MS = 1000;
const LONGEST_MS = 15_000;
const COST_FACTOR = 10;

/** Wraps `ask`; callers in the meantime get the answer, or the failure, that is there already. */
export function shareAnswer<T>(clock: Clock, ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | null = null;
  let servesUntilMs = 0;

  const askAnew = async (): Promise<T> => {
    const beganAtMs = clock.monotonicMs();
    // Not served for less than the asking itself takes.
    servesUntilMs = Number.POSITIVE_INFINITY;
    try {
      return await ask();
    } finally {
      const endedAtMs = clock.monotonicMs();
      const servesForMs = COST_FACTOR * (endedAtMs - beganAtMs);
      servesUntilMs = endedAtMs + Math.min(LONGEST_MS, Math.max(SHORTEST_MS, servesForMs));
    }
  };

  return () => {
    if (answer === null || clock.monotonicMs() >= servesUntilMs) answer = askAnew();
    return answer;
  };
}
