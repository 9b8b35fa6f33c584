/** The agent's API over Hono: routes bound to the node agent, errors in their JSON form. Decides nothing. */
import {
  errorBody,
  httpStatusOf,
  InstanceId,
  isMvmError,
  messageOf,
  MvmError,
  type ApiRoute,
  type InstanceStatus,
  type Logger,
} from "@mvm/core";
import { Hono } from "hono";
import * as z from "zod";
import type { NodeAgent } from "../node-agent.ts";
import { agentRoutes } from "./agent-routes.ts";
import { guestLogs, outputLogs } from "./instance-logs.ts";
import { noGuestLogs, noOutput, withWayOut } from "./no-logs.ts";

const EVENTS = 20;

interface Call<Query> {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Query;
  readonly signal: AbortSignal;
}

export function agentApp(agent: Pick<NodeAgent, "status" | "events" | "guestOf" | "outputOf">, log: Logger): Hono {
  const app = new Hono();
  app.notFound((context) =>
    context.json(errorBody(invalid(`there is no ${context.req.method} ${context.req.path}`)), 404),
  );
  app.onError((error, context) => {
    if (!isMvmError(error)) log.error("api.failed", { path: context.req.path, error: messageOf(error) });
    return Response.json(errorBody(error), { status: httpStatusOf(error) });
  });

  serve(app, agentRoutes.getStatus, () => agent.status());
  serve(app, agentRoutes.getInstance, ({ params }) => {
    const status = statusOf(agent, params);
    return { status, events: [...agent.events(status.instance_id, EVENTS)] };
  });
  serve(app, agentRoutes.getLogs, async ({ params, query, signal }) => {
    const status = statusOf(agent, params);
    const id = status.instance_id;
    const guest = agent.guestOf(id);
    if (query.source === "guest" && guest !== null) {
      return guestLogs(guest, query, signal).catch((error: unknown) => {
        throw withWayOut(error, status);
      });
    }
    const output = await agent.outputOf(id);
    if (query.source === "guest") throw noGuestLogs(status, output?.source ?? null);
    if (output === null) throw noOutput(status);
    return outputLogs(output, query);
  });
  return app;
}

function statusOf(agent: Pick<NodeAgent, "status">, params: Readonly<Record<string, string>>): InstanceStatus {
  const id = instanceOf(params);
  const status = agent.status().instances.find(({ instance_id }) => instance_id === id);
  if (status === undefined) throw notFound(id);
  return status;
}

function serve<Query extends z.ZodType, Answer extends z.ZodType>(
  app: Hono,
  route: ApiRoute<Query, null, Answer>,
  handle: (call: Call<z.output<Query>>) => z.input<Answer> | Promise<z.input<Answer>>,
): void {
  app.on(route.method, route.path, async (context) => {
    const query = route.query.safeParse(context.req.query());
    if (!query.success) throw invalid(`the query can't be taken: ${z.prettifyError(query.error)}`);
    const answer = await handle({ params: context.req.param(), query: query.data, signal: context.req.raw.signal });
    return context.json(route.answer.parse(answer));
  });
}

function instanceOf({ instance = "" }: Readonly<Record<string, string>>): InstanceId {
  const id = InstanceId.safeParse(instance);
  if (!id.success) throw notFound(instance);
  return id.data;
}

function notFound(id: string): MvmError {
  return new MvmError("MVM_INSTANCE_NOT_FOUND", {
    message: `this node has no instance '${id}'`,
    details: { instance: id },
  });
}

function invalid(message: string): MvmError {
  return new MvmError("MVM_API_REQUEST_INVALID", { message });
}
