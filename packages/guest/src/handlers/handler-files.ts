/**
 * The files that each guest handler wants on the config and secrets drives, by the handler's name.
 * Called by the host's agent when it writes an instance's drives; knows no role and no profile.
 */
import { MvmError } from "@mvm/core";
import { gatewayFiles } from "../openclaw/config/gateway-config.ts";
import { workerFiles } from "../openclaw/config/worker-config.ts";
import type { HandlerFiles, HandlerInput } from "./handler-input.ts";
import { isKnownHandler, type HandlerName } from "./known-handlers.ts";
import { plainSecretFiles } from "./plain-secrets.ts";

const builders: Readonly<Record<HandlerName, (input: HandlerInput) => HandlerFiles>> = {
  "openclaw.gateway": gatewayFiles,
  "openclaw.node": workerFiles,
};

/**
 * The files of all handlers that the instance's type names; of a type without any its secrets, a file each.
 * @throws MvmError MVM_CONFIG_INVALID for a handler that this version does not know
 */
export function handlerFiles(input: HandlerInput): HandlerFiles {
  const each = input.type.guest_handlers.map((name) => {
    if (isKnownHandler(name)) return builders[name](input);
    throw new MvmError("MVM_CONFIG_INVALID", {
      message: `the profile of ${input.instance_id} names the guest handler '${name}', which this version does not know`,
      remedy: `Use one of ${Object.keys(builders).join(", ")}.`,
    });
  });
  return {
    config: each.flatMap((files) => files.config),
    secrets: each.length === 0 ? plainSecretFiles(input) : each.flatMap((files) => files.secrets),
    connectors: each.flatMap((files) => files.connectors),
  };
}
