/**
 * A route of one of the project's HTTP APIs as data: method, path and the schemas of what goes in
 * and what comes out. Servers and clients are made from the same route, so they can't disagree.
 * No I/O here; what serves and calls routes lies in host adapters.
 */
import type * as z from "zod";

/** A route; `Query` and `Body` are what the schemas yield, `null` where there is none. */
export interface ApiRoute<Query extends z.ZodType, Body extends z.ZodType | null, Answer extends z.ZodType> {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  /** Path with `:name` for each parameter. */
  readonly path: `/v1/${string}`;
  readonly query: Query;
  readonly body: Body;
  readonly answer: Answer;
  /** More than this is refused unread. */
  readonly maxBodyBytes: number;
  /** More than this the client does not read. */
  readonly maxAnswerBytes: number;
  /** How long a caller waits for the whole answer unless it says otherwise. */
  readonly timeoutMs: number;
}

const MIB = 1024 * 1024;
const DEFAULT_MAX_BODY_BYTES = 64 * 1024;
const DEFAULT_MAX_ANSWER_BYTES = 64 * MIB;
const DEFAULT_TIMEOUT_MS = 30_000;

const defaults = {
  maxBodyBytes: DEFAULT_MAX_BODY_BYTES,
  maxAnswerBytes: DEFAULT_MAX_ANSWER_BYTES,
  timeoutMs: DEFAULT_TIMEOUT_MS,
} as const;

type RouteFields<Query extends z.ZodType, Body extends z.ZodType | null, Answer extends z.ZodType> = Omit<
  ApiRoute<Query, Body, Answer>,
  keyof typeof defaults
> &
  Partial<Record<keyof typeof defaults, number>>;

/** A route with the default limits: 64 KiB in, 64 MiB out, 30 s. */
export function apiRoute<Query extends z.ZodType, Body extends z.ZodType | null, Answer extends z.ZodType>(
  fields: RouteFields<Query, Body, Answer>,
): ApiRoute<Query, Body, Answer> {
  return { ...defaults, ...fields };
}

/** The path with its parameters filled in, each encoded; a parameter without a value stays as it is. */
export function routePath(path: string, params: Readonly<Record<string, string>>): string {
  return path.replaceAll(/:([a-z_]+)/g, (whole, name: string) => {
    const value = params[name];
    return value === undefined ? whole : encodeURIComponent(value);
  });
}
