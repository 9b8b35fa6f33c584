/** The randomness port over the machine's generator. A host adapter. */
import { randomBytes, randomUUID } from "node:crypto";
import type { Random } from "../ports/random.ts";

export const nodeRandom: Random = {
  bytes: (count) => randomBytes(count),
  uuid: () => randomUUID(),
};
