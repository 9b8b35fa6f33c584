/**
 * The bounds of the guest channel (design §7), kept by both sides.
 *
 * The host holds them against a hostile guest; the guest holds them so that it never sends what a
 * host must refuse.
 */

/** Longest line, its newline not counted. */
export const MAX_LINE_BYTES = 256 * 1024;

/** Requests that the guest works on at a time; one more is refused as busy. */
export const MAX_REQUESTS_IN_FLIGHT = 16;

/** Lines that answer nothing, empty ones too, which a host takes between two answers before it calls it a flood. */
export const MAX_STRAY_LINES = 256;

/**
 * Bytes that a host takes between two answers, the later one's included: room for the longest
 * answer behind a few late ones to requests that nobody waits for any more.
 */
export const MAX_BYTES_PER_ANSWER = 4 * (MAX_LINE_BYTES + 1);

/** Unreadable lines that a host takes after dialling: the torn rest of what an earlier connection left. */
export const MAX_TORN_LINES = 1;
