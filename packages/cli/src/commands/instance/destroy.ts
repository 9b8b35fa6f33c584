/** `mvm instance destroy`: erases; the counts may bring the number back, new and empty. */
import { type InstanceView, operatorRoutes } from "@mvm/core";
import type { Command } from "../../command-spec.ts";
import { printResult } from "../../output/document.ts";
import { withSession } from "../../session.ts";
import { confirmDestroy } from "../confirm.ts";
import { outcomeOf, waiting } from "./outcome.ts";
import { waitFlags, waitForInstances } from "./wait.ts";
import type { Watched } from "./watched.ts";

export const destroyInstance: Command = (context, input) =>
  withSession(context, input, async ({ coordinator, configFacts }) => {
    const id = input.arg(0);
    const wait = waitFlags(input);
    const { signal } = context;
    const { instance } = await coordinator.call(operatorRoutes.getInstance, { params: { instance: id }, signal });
    await confirmDestroy(context, input, {
      what: `instance ${id} with its ${instance.resources.data_mib} MiB of data`,
      name: id,
    });
    const answer = await coordinator.call(operatorRoutes.destroyInstance, {
      params: { instance: id },
      body: { claimed_by: context.claimedBy },
      signal,
    });
    if (answer.note !== null) context.stderr.write(`note: ${answer.note}\n`);
    const judge = (instances: readonly InstanceView[]): readonly Watched[] => [judgeGone(instance, instances)];
    const [last] =
      wait === null ? [] : await waitForInstances(context, { coordinator, ...wait, tenant: instance.tenant_id, judge });
    if (last?.outcome.kind === "failed") throw last.outcome.error;
    const text = last === undefined ? `${id}: is being erased (generation ${answer.generation})` : `${id} is erased`;
    printResult(context, input, {
      config: configFacts,
      document: { instance_id: id, erased: last !== undefined },
      text: () => context.stdout.write(`${text}\n`),
    });
  });

/** Another volume under the same id is another instance: the counts brought its number back. */
function judgeGone(erased: InstanceView, instances: readonly InstanceView[]): Watched {
  const id = erased.instance_id;
  const view =
    instances.find((candidate) => candidate.instance_id === id && candidate.volume_uuid === erased.volume_uuid) ?? null;
  if (view === null) return { id, view, outcome: { kind: "done", what: "is erased" } };
  const outcome = outcomeOf(view, "stopped");
  return { id, view, outcome: outcome.kind === "done" ? waiting("is being erased") : outcome };
}
