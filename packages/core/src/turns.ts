/**
 * Turns: work that must not overlap is done one piece after the other, in the order of asking. Owned
 * by whoever owns what the work touches; a piece that fails does not stop the next. Pure.
 */
export interface Turns {
  /** Runs `work` when all that was asked before has ended, well or not. */
  take<Result>(work: () => Promise<Result>): Promise<Result>;
}

export interface KeyedTurns<Key> {
  /** Runs `work` when all that was asked before for this key has ended, well or not. */
  take<Result>(key: Key, work: () => Promise<Result>): Promise<Result>;
}

/** One queue. */
export function turns(): Turns {
  const queue = keyedTurns<null>();
  return { take: (work) => queue.take(null, work) };
}

/** A queue for each key; one that is empty takes no room. */
export function keyedTurns<Key>(): KeyedTurns<Key> {
  const lastOf = new Map<Key, Promise<unknown>>();
  return {
    async take(key, work) {
      const before = lastOf.get(key) ?? Promise.resolve();
      const mine = before.then(work);
      const settled = mine.catch(() => undefined);
      lastOf.set(key, settled);
      try {
        return await mine;
      } finally {
        if (lastOf.get(key) === settled) lastOf.delete(key);
      }
    },
  };
}
