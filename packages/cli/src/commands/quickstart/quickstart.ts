/** `mvm quickstart`: up, or down again. */
import { MvmError } from "@mvm/core";
import type { Command } from "../../command-spec.ts";
import { quickstartHost } from "../../host/quickstart-host.ts";
import { UsageProblem } from "../../usage-problem.ts";
import { takeDown } from "./down.ts";
import { bringUp } from "./up.ts";

export const quickstart: Command = async (context, input) => {
  if (input.flag("purge") && !input.flag("down")) throw new UsageProblem("--purge goes with --down only");
  if (!context.isRoot) {
    throw new MvmError("MVM_HOST_NOT_ROOT", {
      message: "the quickstart makes network namespaces and runs VMs as users of their own, which takes root",
      remedy: "Run: sudo npm run quickstart",
    });
  }
  const host = quickstartHost();
  await (input.flag("down") ? takeDown(context, input, host) : bringUp(context, input, host));
};
