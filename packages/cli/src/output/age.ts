/** Lengths of time in the same few words everywhere. Pure. */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `12 s`, `3 min`, `2 h`, `5 d`: the largest unit that fits; below ten seconds with a tenth. */
export function durationText(ms: number): string {
  const length = Math.max(0, ms);
  if (length < 10 * SECOND) return `${(length / SECOND).toFixed(1)} s`;
  if (length < 2 * MINUTE) return `${Math.round(length / SECOND)} s`;
  if (length < 2 * HOUR) return `${Math.round(length / MINUTE)} min`;
  if (length < 2 * DAY) return `${Math.round(length / HOUR)} h`;
  return `${Math.round(length / DAY)} d`;
}

/** A clock that runs: `12 s`, `7 min 20 s`, `1 h 4 min`. */
export function clockText(ms: number): string {
  const seconds = Math.floor(Math.max(0, ms) / SECOND);
  if (ms < MINUTE) return durationText(ms);
  const minutes = Math.floor(seconds / 60);
  return ms < HOUR ? `${minutes} min ${seconds % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** How long ago an ISO time was, without a tenth of a second; `-` for none. */
export function ageText(iso: string | null, nowMs: number): string {
  if (iso === null) return "-";
  const ms = Math.max(0, nowMs - Date.parse(iso));
  return ms < 10 * SECOND ? `${Math.floor(ms / SECOND)} s` : durationText(ms);
}
