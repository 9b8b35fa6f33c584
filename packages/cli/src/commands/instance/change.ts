/** `mvm instance start` and `stop`: a change of the spec, then waiting for what comes of it. */
import { type InstanceView, MvmError, operatorRoutes } from "@mvm/core";
import { type Command, nextCommand } from "../../command-spec.ts";
import { printResult } from "../../output/document.ts";
import { withSession } from "../../session.ts";
import { type Goal, outcomeOf } from "./outcome.ts";
import { waitFlags, waitForInstances } from "./wait.ts";
import type { Watched } from "./watched.ts";

type ChangeRoute = typeof operatorRoutes.startInstance;

function change(route: ChangeRoute, goal: Goal): Command {
  return (context, input) =>
    withSession(context, input, async ({ coordinator, configFacts }) => {
      const id = input.arg(0);
      const wait = waitFlags(input);
      const answer = await coordinator.call(route, {
        params: { instance: id },
        body: { claimed_by: context.claimedBy },
        signal: context.signal,
      });
      if (answer.note !== null) context.stderr.write(`note: ${answer.note}\n`);
      const judge = (instances: readonly InstanceView[]): readonly Watched[] => [judgeOne(id, instances, goal)];
      const watched =
        wait === null
          ? []
          : await waitForInstances(context, { coordinator, ...wait, tenant: answer.instance.tenant_id, judge });
      const [last] = watched;
      if (last?.outcome.kind === "failed") throw last.outcome.error;
      const instance = last?.view ?? answer.instance;
      const text =
        last === undefined
          ? `${id}: asked for ${goal} (generation ${answer.generation})`
          : `${id} ${last.outcome.what}${goal === "stopped" ? `; start it again: ${nextCommand(input, `instance start ${id}`)}` : ""}`;
      printResult(context, input, {
        config: configFacts,
        document: { instance, waited: wait !== null },
        text: () => context.stdout.write(`${text}\n`),
      });
    });
}

function judgeOne(id: string, instances: readonly InstanceView[], goal: Goal): Watched {
  const view = instances.find(({ instance_id }) => instance_id === id) ?? null;
  if (view !== null) return { id, view, outcome: outcomeOf(view, goal) };
  const error = new MvmError("MVM_INSTANCE_NOT_FOUND", {
    message: `instance '${id}' was destroyed meanwhile`,
    details: { instance: id },
  });
  return { id, view, outcome: { kind: "failed", what: "was destroyed meanwhile", error } };
}

export const startInstance = change(operatorRoutes.startInstance, "running");
export const stopInstance = change(operatorRoutes.stopInstance, "stopped");
