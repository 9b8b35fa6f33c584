/**
 * What a handler of the guest says of the application that it looks after. Part of `health`,
 * `status` and `connectors`; untrusted, so every field is capped.
 */
import * as z from "zod";
import { GuestSentence, GuestWord } from "./text.ts";

/** A failure told apart from others by its code; `count`: how often the application was restarted for it. */
export const HandlerFailure = z.object({ code: GuestWord, message: GuestSentence, count: z.int().min(0) });
export type HandlerFailure = z.infer<typeof HandlerFailure>;

/** Something outside this instance that the application is connected to, by the name of the instance. */
export const HandlerPeer = z.object({ name: GuestWord, connected: z.boolean() });
export type HandlerPeer = z.infer<typeof HandlerPeer>;

/** What the host must bring before the application can become ready. */
export const HandlerNeed = z.enum(["pairing"]);
export type HandlerNeed = z.infer<typeof HandlerNeed>;

export const HandlerReport = z.object({
  name: GuestWord,
  ready: z.boolean(),
  /** Why it is not ready yet, or what it is ready for. */
  reason: GuestSentence,
  failure: HandlerFailure.nullable(),
  needs: z.array(HandlerNeed).max(8),
  peers: z.array(HandlerPeer).max(256),
  /** Pieces of work that the application has under way; null when it can't say. */
  active_work: z.int().min(0).nullable(),
});
export type HandlerReport = z.infer<typeof HandlerReport>;

/** A channel of the application: whether it is on, what it lacks, what the application says of it. */
export const ConnectorReport = z.object({
  name: GuestWord,
  enabled: z.boolean(),
  missing: z.array(GuestWord).max(16),
  detail: GuestSentence.optional(),
});
export type ConnectorReport = z.infer<typeof ConnectorReport>;
