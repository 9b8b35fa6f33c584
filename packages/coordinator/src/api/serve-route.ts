/**
 * Serves one route of an API over Hono: reads the body up to its cap, checks everything by the
 * route's schemas, and turns every error into its JSON form with the right status. Used by the
 * operator's and the nodes' routes alike.
 */
import { errorBody, httpStatusOf, isMvmError, messageOf, MvmError, type ApiRoute, type Logger } from "@mvm/core";
import type { Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import * as z from "zod";

/** What a handler gets: everything checked. */
export interface RouteCall<Query extends z.ZodType> {
  readonly params: Readonly<Record<string, string>>;
  readonly query: z.output<Query>;
  /** Aborted when the client went away or the server closes. */
  readonly signal: AbortSignal;
}

/** What serving needs beside a route. */
export interface Serving {
  readonly app: Hono;
  /** Aborted when the server closes. */
  readonly closing: AbortSignal;
}

/** Answers a route without a body; members that the answer's schema does not name are dropped. */
export function serveRead<Query extends z.ZodType, Answer extends z.ZodType>(
  serving: Serving,
  route: ApiRoute<Query, null, Answer>,
  handle: (call: RouteCall<Query>) => Promise<z.input<Answer>>,
): void {
  serving.app.on(route.method, route.path, async (context) => {
    const answer = await handle(callOf(serving, route, context));
    return context.json(route.answer.parse(answer));
  });
}

/** Answers a route with a body, which is read up to the route's cap. */
export function serveWrite<Query extends z.ZodType, Body extends z.ZodType, Answer extends z.ZodType>(
  serving: Serving,
  route: ApiRoute<Query, Body, Answer>,
  handle: (call: RouteCall<Query> & { readonly body: z.output<Body> }) => Promise<z.input<Answer>>,
): void {
  const limit = bodyLimit({
    maxSize: route.maxBodyBytes,
    onError: () => {
      throw invalidRequest(`the body of ${route.method} ${route.path} is larger than ${route.maxBodyBytes} bytes`);
    },
  });
  serving.app.on(route.method, route.path, limit, async (context) => {
    const body = decode(route.body, await readJson(context), "body");
    const answer = await handle({ ...callOf(serving, route, context), body });
    return context.json(route.answer.parse(answer));
  });
}

function callOf<Query extends z.ZodType>(
  { closing }: Serving,
  route: { readonly query: Query },
  context: Context,
): RouteCall<Query> {
  return {
    params: context.req.param(),
    query: decode(route.query, context.req.query(), "query"),
    signal: AbortSignal.any([closing, context.req.raw.signal]),
  };
}

/** Answers of an app whatever goes wrong: unknown routes and errors. */
export function answerErrors(app: Hono, logger: Logger): void {
  app.notFound((context) => {
    const error = invalidRequest(`there is no ${context.req.method} ${context.req.path}`);
    return context.json(errorBody(error), 404);
  });
  app.onError((error, context) => {
    if (!isMvmError(error) || error.code === "MVM_INTERNAL") {
      logger.error("api.failed", { method: context.req.method, path: context.req.path, error: messageOf(error) });
    }
    return Response.json(errorBody(error), { status: httpStatusOf(error) });
  });
}

/** Decodes a path parameter; what can't be an id can't be found either. */
export function decodeParam<Schema extends z.ZodType>(
  schema: Schema,
  value: string | undefined,
  notFound: (value: string) => never,
): z.output<Schema> {
  const parsed = schema.safeParse(value);
  return parsed.success ? parsed.data : notFound(value ?? "");
}

async function readJson(context: Context): Promise<unknown> {
  try {
    return await context.req.json();
  } catch (cause) {
    if (isMvmError(cause)) throw cause;
    throw new MvmError("MVM_API_REQUEST_INVALID", {
      message: `the body of ${context.req.method} ${context.req.path} is not JSON`,
      cause,
    });
  }
}

function decode<Schema extends z.ZodType>(schema: Schema, value: unknown, part: "body" | "query"): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map((issue) => ({ path: z.core.toDotPath(issue.path), message: issue.message }));
  const [first] = issues;
  throw new MvmError("MVM_API_REQUEST_INVALID", {
    message: `the ${part} can't be taken: ${first?.path ?? ""}: ${first?.message ?? ""}`,
    details: { part, issues },
  });
}

function invalidRequest(message: string): MvmError {
  return new MvmError("MVM_API_REQUEST_INVALID", { message });
}
