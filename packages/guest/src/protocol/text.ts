/** The strings that a guest sends: capped, because nothing else about them can be trusted. */
import * as z from "zod";

/** A word from a small vocabulary that the host does not know whole: a state, a unit, a code. */
export const GuestWord = z.string().max(64);
/** A sentence for people. */
export const GuestSentence = z.string().max(500);
/** Milliseconds since 1970, as the guest's clock has it. */
export const GuestTimeMs = z.number().int().min(0).max(8_640_000_000_000_000);
