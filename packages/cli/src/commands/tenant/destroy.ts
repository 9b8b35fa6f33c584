/** `mvm tenant destroy`: erases everything of a tenant and waits until the nodes say that it is gone. */
import { isMvmError, MvmError, operatorRoutes } from "@mvm/core";
import type { Command } from "../../command-spec.ts";
import type { CliContext } from "../../context.ts";
import { type BoardRow, openBoard } from "../../output/board.ts";
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
    if (wait !== null) await waitUntilGone(context, session, { ids: [id], ...wait });
    printResult(context, input, {
      config: configFacts,
      document: { tenant_id: id, erased: wait !== null },
      text: () => {
        context.stdout.write(wait === null ? `${id}: is being erased\n` : `${id} is erased\n`);
        context.stderr.write(`note: a fleet file that still names ${id} makes it anew, empty, when it is applied\n`);
      },
    });
  });

type WaitContext = Pick<CliContext, "stderr" | "clock" | "signal">;

interface Gone {
  /** Tenants. */
  readonly ids: readonly string[];
  readonly timeoutMs: number;
  readonly quiet: boolean;
}

/** @throws MvmError MVM_WAIT_TIMEOUT while something of one is left */
export async function waitUntilGone(
  context: WaitContext,
  session: Pick<Session, "coordinator">,
  { ids, timeoutMs, quiet }: Gone,
): Promise<void> {
  const { clock } = context;
  const board = openBoard(context.stderr, { quiet, resultFollows: true });
  const sinceMs = clock.nowMs();
  const rows = new Map<string, BoardRow>(
    ids.map((id) => [id, { id, what: "is being erased", sinceMs, state: "open" }]),
  );
  const watch = (id: string): Promise<void> =>
    watchTenant(context, session, {
      id,
      timeoutMs,
      show: (what, state) => {
        rows.set(id, { id, what, sinceMs, state });
        board.show([...rows.values()], clock.nowMs());
      },
    });
  try {
    // All have ended before the board is closed, whichever fails.
    for (const result of await Promise.allSettled(ids.map(watch)))
      if (result.status === "rejected") throw result.reason;
  } finally {
    board.close();
  }
}

interface WatchedTenant extends Pick<Gone, "timeoutMs"> {
  readonly id: string;
  readonly show: (what: string, state: BoardRow["state"]) => void;
}

async function watchTenant(
  { clock, signal }: WaitContext,
  { coordinator }: Pick<Session, "coordinator">,
  { id, timeoutMs, show }: WatchedTenant,
): Promise<void> {
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
      show(what, "open");
      if (clock.monotonicMs() >= deadline)
        throw new MvmError("MVM_WAIT_TIMEOUT", { message: `tenant ${id} ${what}`, details: { tenant: id } });
    }
  } catch (error) {
    if (!isMvmError(error, "MVM_TENANT_NOT_FOUND")) throw error;
    show("is erased", "done");
  }
}
