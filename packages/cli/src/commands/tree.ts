/** Every command of the program, in the order of the help. */
import type { NounSpec, PlainSpec } from "../command-spec.ts";
import { agentNoun } from "./agent/spec.ts";
import { auditNoun } from "./audit/spec.ts";
import { configNoun } from "./config/spec.ts";
import { coordinatorNoun } from "./coordinator/spec.ts";
import { fleetNoun } from "./fleet/spec.ts";
import { imageNoun } from "./image/spec.ts";
import { instanceNoun } from "./instance/spec.ts";
import { nodeNoun } from "./node/spec.ts";
import { poolNoun } from "./pool/spec.ts";
import { quickstartCommand } from "./quickstart/spec.ts";
import { secretsNoun } from "./secrets/spec.ts";
import { tenantNoun } from "./tenant/spec.ts";

export const nouns: readonly NounSpec[] = [
  nodeNoun,
  tenantNoun,
  poolNoun,
  instanceNoun,
  fleetNoun,
  secretsNoun,
  auditNoun,
  configNoun,
  imageNoun,
  coordinatorNoun,
  agentNoun,
];

export const plainCommands: readonly PlainSpec[] = [quickstartCommand];
