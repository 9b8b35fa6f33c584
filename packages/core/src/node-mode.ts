/** What a node promises: everything, or what its host happens to keep, with each promise that it relaxes told. */
import * as z from "zod";

export const NodeMode = z.enum(["production", "development"]);
export type NodeMode = z.infer<typeof NodeMode>;
