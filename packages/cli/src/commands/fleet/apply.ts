/** `mvm fleet apply`: shows the plan, puts it in force, and waits until every instance is as it says. */
import { type FleetApplyAnswer, type InstanceView, loadFleet, operatorRoutes } from "@mvm/core";
import type { Command } from "../../command-spec.ts";
import { printResult } from "../../output/document.ts";
import { withSession } from "../../session.ts";
import { outcomeOf, waiting } from "../instance/outcome.ts";
import { waitFlags, waitForInstances } from "../instance/wait.ts";
import type { Watched } from "../instance/watched.ts";
import { withPlaces } from "./placed-problems.ts";
import { printPlan } from "./print-plan.ts";

export const applyFleet: Command = (context, input) =>
  withSession(context, input, async ({ coordinator, configFacts }) => {
    const wait = waitFlags(input);
    const loaded = await loadFleet(input.arg(0), context);
    const body = {
      fleet: loaded.fleet,
      source_hash: loaded.bytesHash,
      expected_version: null,
      claimed_by: context.claimedBy,
    };
    const answer: FleetApplyAnswer = await withPlaces(loaded, () =>
      coordinator.call(operatorRoutes.applyFleet, { body, signal: context.signal }),
    );
    if (!input.flag("json")) printPlan(context.stdout, answer.plan);
    const watched =
      wait === null
        ? []
        : await waitForInstances(context, { coordinator, ...wait, untilSettled: true, judge: judgeAll });
    const failure = watched.find(({ outcome }) => outcome.kind === "failed")?.outcome;
    if (failure?.kind === "failed") throw failure.error;
    printResult(context, input, {
      config: configFacts,
      document: { ...answer, waited: wait !== null, instances: watched.map(({ view }) => view) },
      text: () =>
        context.stdout.write(
          `fleet version ${answer.version} is in force${wait === null ? "" : "; every instance is as it says"}\n`,
        ),
    });
  });

/** Every instance against what its spec asks for. */
export function judgeAll(instances: readonly InstanceView[]): readonly Watched[] {
  return instances.map((view) => ({
    id: view.instance_id,
    view,
    outcome: view.goal === "destroyed" ? waiting("is being erased") : outcomeOf(view, view.goal),
  }));
}
