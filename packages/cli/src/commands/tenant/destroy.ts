/** `mvm tenant destroy`: erases everything of a tenant and waits until the nodes say that it is gone. */
import { isMvmError, MvmError, operatorRoutes } from "@mvm/core";
import type { Command } from "../../command-spec.ts";
import type { CliContext } from "../../context.ts";
import { openBoard } from "../../output/board.ts";
import { counted } from "../../output/counts.ts";
import { printResult } from "../../output/document.ts";
import { type Session, withSession } from "../../session.ts";
import { confirmDestroy } from "../confirm.ts";
import { waitFlags } from "../instance/wait.ts";

const REDRAW_MS = 1000;

export const destroyTenant: Command = (context, input) =>
  withSession(context, input, async (session) => {
    const id = input.arg(0);
    const wait = waitFlags(input);
    const { coordinator, configFacts } = session;
    const { tenant } = await coordinator.call(operatorRoutes.getTenant, {
      params: { tenant: id },
      signal: context.signal,
    });
    const instances = counted(tenant.instances.total, "instance");
    await confirmDestroy(context, input, {
      what: `tenant ${id}: ${instances}, their data, its network, secrets and key`,
      name: id,
    });
    await coordinator.call(operatorRoutes.destroyTenant, {
      params: { tenant: id },
      body: { claimed_by: context.claimedBy },
      signal: context.signal,
    });
    if (wait !== null) await waitUntilGone(context, session, { id, ...wait });
    printResult(context, input, {
      config: configFacts,
      document: { tenant_id: id, erased: wait !== null },
      text: () => context.stdout.write(wait === null ? `${id}: is being erased\n` : `${id} is erased\n`),
    });
  });

interface Gone {
  readonly id: string;
  readonly timeoutMs: number;
  readonly quiet: boolean;
}

/** @throws MvmError MVM_WAIT_TIMEOUT while something of it is left */
export async function waitUntilGone(
  context: CliContext,
  { coordinator }: Pick<Session, "coordinator">,
  { id, timeoutMs, quiet }: Gone,
): Promise<void> {
  const { clock, signal } = context;
  const board = openBoard(context.stderr, { quiet });
  const startedAt = clock.nowMs();
  const deadline = clock.monotonicMs() + timeoutMs;
  let revision = -1;
  try {
    for (;;) {
      const answer = await coordinator.call(operatorRoutes.getTenant, {
        params: { tenant: id },
        query: { after_revision: revision, wait_ms: REDRAW_MS },
        signal,
      });
      revision = answer.revision;
      const what = `is being erased, ${counted(answer.tenant.instances.total, "instance")} left`;
      board.show([{ id, what, sinceMs: startedAt, state: "open" }], clock.nowMs());
      if (clock.monotonicMs() >= deadline)
        throw new MvmError("MVM_WAIT_TIMEOUT", { message: `tenant ${id} ${what}`, details: { tenant: id } });
    }
  } catch (error) {
    if (!isMvmError(error, "MVM_TENANT_NOT_FOUND")) throw error;
  } finally {
    board.close();
  }
}
