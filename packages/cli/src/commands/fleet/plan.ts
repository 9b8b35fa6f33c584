/** `mvm fleet plan`. */
import { loadFleet, operatorRoutes } from "@mvm/core";
import type { Command } from "../../command-spec.ts";
import { printResult } from "../../output/document.ts";
import { withSession } from "../../session.ts";
import { withPlaces } from "./placed-problems.ts";
import { printPlan } from "./print-plan.ts";

export const planFleet: Command = (context, input) =>
  withSession(context, input, async ({ coordinator, configFacts }) => {
    const loaded = await loadFleet(input.arg(0), context);
    const plan = await withPlaces(loaded, () =>
      coordinator.call(operatorRoutes.planFleet, { body: { fleet: loaded.fleet }, signal: context.signal }),
    );
    printResult(context, input, {
      config: configFacts,
      document: { ...plan },
      text: () => printPlan(context.stdout, plan),
    });
  });
