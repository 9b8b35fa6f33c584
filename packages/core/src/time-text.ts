/** Times in sentences for people; documents hold them as ISO 8601 (`isoTime`). Pure. */

/** `2026-11-21 20:45 UTC`. */
export function timeText(iso: string): string {
  return `${dateTime(iso, 16)} UTC`;
}

/** `2026-11-21 20:45:23 UTC`, where one entry is told from the next by it. */
export function exactTimeText(iso: string): string {
  return `${dateTime(iso, 19)} UTC`;
}

/** `20:45 UTC` on the day of `nowMs`, with its date on any other. */
export function soonText(iso: string, nowMs: number): string {
  const isToday = new Date(nowMs).toISOString().slice(0, 10) === utc(iso).slice(0, 10);
  return isToday ? `${utc(iso).slice(11, 16)} UTC` : timeText(iso);
}

function dateTime(iso: string, length: number): string {
  return utc(iso).slice(0, length).replace("T", " ");
}

const utc = (iso: string): string => new Date(iso).toISOString();
