/** What `mvm node check` found out about a host: its JSON document, and what an agent starts by. */
import * as z from "zod";
import { NodeMode } from "../node-mode.ts";

/** `warn`: the node runs, with less than was promised. `missing`: the mode's promise can't be kept. */
export const NodeCheckStatus = z.enum(["ok", "warn", "missing"]);

export const NodeCheck = z.strictObject({
  /** Stable: lower-case words with `-`. */
  name: z.string().regex(/^[a-z]+(?:-[a-z]+)*$/),
  /** What hangs on it, one sentence. */
  promise: z.string().min(1),
  status: NodeCheckStatus,
  /** What was seen on this host. */
  seen: z.string().min(1),
  /** The command or edit that mends it; null when all is well. */
  remedy: z.string().min(1).nullable(),
});
export type NodeCheck = z.infer<typeof NodeCheck>;

export const NodeCheckReport = z.strictObject({
  node: z.string(),
  mode: NodeMode,
  /** Whether nothing is missing. */
  fit: z.boolean(),
  checks: z.array(NodeCheck),
});
export type NodeCheckReport = z.infer<typeof NodeCheckReport>;
