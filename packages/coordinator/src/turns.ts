/** Work that must not overlap, one after the other in the order in which it came. */

export interface Turns {
  /** Runs `work` when all that came before has ended, however it ended. */
  take<Result>(work: () => Promise<Result>): Promise<Result>;
}

export function turns(): Turns {
  let last: Promise<unknown> = Promise.resolve();
  return {
    take(work) {
      const mine = last.then(work);
      last = mine.catch(() => undefined);
      return mine;
    },
  };
}
