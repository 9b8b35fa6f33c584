/** What is said to a gateway, and asked of it. */
import { randomUUID } from "node:crypto";
import type { TestContext } from "node:test";
import * as z from "zod";
import { type OpenClawClient, TurnFailed } from "../../openclaw-client.ts";
import { ACME_WORKER } from "./openclaw-bench.ts";

const MOST_TURNS = 3;

/** The answer to `run: hostname` when the tool ran where it should. */
export const TOOL_ON_WORKER = new RegExp(`the tool said: [^]*${ACME_WORKER}`);

/**
 * A turn, sent again when it ends with an error, as a person would: OpenClaw has deadlines of seconds
 * inside, which an emulated gateway that has just started may miss. What was said and every error are told.
 */
export async function turn(context: TestContext, client: OpenClawClient, message: string): Promise<string> {
  context.diagnostic(`said to the agent: ${message}`);
  for (let attempt = 1; ; attempt += 1) {
    try {
      const answer = await client.turn(message, `turn-${randomUUID()}`);
      context.diagnostic(`it answered: ${JSON.stringify(answer)}`);
      return answer;
    } catch (error) {
      if (!(error instanceof TurnFailed) || attempt === MOST_TURNS) throw error;
      context.diagnostic(`sent again: ${error.message}`);
    }
  }
}

export async function workerIsConnected(client: OpenClawClient): Promise<boolean> {
  const { nodes } = z
    .object({
      nodes: z.array(z.object({ displayName: z.string().optional(), connected: z.boolean().optional() }).loose()),
    })
    .parse(await client.call("node.list"));
  return nodes.some(({ displayName, connected }) => displayName === ACME_WORKER && connected === true);
}
