/**
 * Numbers handed out in a ring: the search begins behind the newest one, so that what is given
 * back rests until the ring has wrapped. Pure.
 */

export interface Ring {
  readonly first: number;
  readonly last: number;
}

/** The next free number at or behind `start`, wrapping at the ring's end; null when none is free. */
export function nextFree(ring: Ring, start: number, isTaken: (candidate: number) => boolean): number | null {
  const size = ring.last - ring.first + 1;
  const offset = start >= ring.first && start <= ring.last ? start - ring.first : 0;
  for (let step = 0; step < size; step += 1) {
    const candidate = ring.first + ((offset + step) % size);
    if (!isTaken(candidate)) return candidate;
  }
  return null;
}
