/**
 * A stand-in for a tenant's model service: OpenAI's chat completions, whole or streamed, answered by
 * rules from what the user said last. It keeps what it was asked, for assertions.
 *
 *   "run: <command>"  → a call of the tool `exec`; its output comes back as "the tool said: …"
 *   anything else     → "you said: …"
 *
 * Used in tests; as a program (`node model-server.ts ADDRESS PORT`) it plays the outside from another
 * network namespace and serves what it was asked at `GET /asked`.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import * as z from "zod";

const MAX_BODY_BYTES = 8 * 1024 * 1024;
const CALL_ID = "call_1";
const USAGE = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };

const Content = z.union([z.string(), z.array(z.object({ text: z.string().optional() })), z.null()]).optional();
const ChatRequest = z.object({
  model: z.string(),
  stream: z.boolean().optional(),
  messages: z.array(z.object({ role: z.string(), content: Content })),
});
type ChatRequest = z.infer<typeof ChatRequest>;

/** One question as it arrived. */
export interface AskedQuestion {
  readonly path: string;
  readonly authorization: string;
  readonly model: string;
  readonly streamed: boolean;
  /** What the user side said since the model last spoke. */
  readonly userText: string;
}

export interface ModelServer {
  /** For a provider's `base_url`. */
  readonly baseUrl: string;
  /** What it was asked so far, oldest first. */
  readonly asked: readonly AskedQuestion[];
  close(): Promise<void>;
}

/** Listens on that address; port 0 takes a free one. */
export async function startModelServer(address = "127.0.0.1", port = 0): Promise<ModelServer> {
  const asked: AskedQuestion[] = [];
  const server = createServer((request, response) => {
    answer(request, response, asked).catch((error: unknown) => {
      response.writeHead(400, { "content-type": "application/json" });
      response.end(JSON.stringify({ error: { message: String(error) } }));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, address, resolve);
  });
  const bound = server.address() as AddressInfo;
  return { baseUrl: `http://${address}:${bound.port}/v1`, asked, close: () => closed(server) };
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}

async function answer(request: IncomingMessage, response: ServerResponse, asked: AskedQuestion[]): Promise<void> {
  const path = request.url ?? "/";
  if (path === "/asked") json(response, asked);
  else if (path.endsWith("/models")) json(response, { object: "list", data: [{ id: "stand-in", object: "model" }] });
  else await complete(request, response, asked);
}

async function complete(request: IncomingMessage, response: ServerResponse, asked: AskedQuestion[]): Promise<void> {
  const chat = ChatRequest.parse(JSON.parse(await bodyOf(request)));
  asked.push({
    path: request.url ?? "/",
    authorization: request.headers.authorization ?? "",
    model: chat.model,
    streamed: chat.stream === true,
    userText: userText(chat),
  });
  const reply = replyTo(chat);
  if (chat.stream === true) stream(response, chat.model, reply);
  else json(response, completion(chat.model, { message: reply }, finishReason(reply)));
}

interface Reply {
  readonly role: "assistant";
  readonly content?: string;
  readonly tool_calls?: readonly object[];
}

/** What the rules say to this conversation. */
function replyTo(chat: ChatRequest): Reply {
  const toolSaid = sinceLastReply(chat).find((message) => message.role === "tool");
  if (toolSaid !== undefined) return { role: "assistant", content: `the tool said: ${textOf(toolSaid.content)}` };
  const said = userText(chat);
  const command = /run: (.+)/.exec(said)?.[1];
  if (command === undefined) return { role: "assistant", content: `you said: ${said.slice(0, 200)}` };
  const call = { name: "exec", arguments: JSON.stringify({ command }) };
  return { role: "assistant", tool_calls: [{ index: 0, id: CALL_ID, type: "function", function: call }] };
}

/** OpenClaw puts messages of its own around what the person wrote: all of them count. */
function userText(chat: ChatRequest): string {
  const users = sinceLastReply(chat).filter((message) => message.role === "user");
  return users.map((message) => textOf(message.content)).join("\n");
}

function sinceLastReply(chat: ChatRequest): ChatRequest["messages"] {
  return chat.messages.slice(chat.messages.findLastIndex((message) => message.role === "assistant") + 1);
}

function textOf(content: z.infer<typeof Content>): string {
  if (typeof content === "string") return content;
  return (content ?? []).map((part) => part.text ?? "").join("\n");
}

function finishReason(reply: Reply): string {
  return reply.tool_calls === undefined ? "stop" : "tool_calls";
}

function completion(model: string, part: object, finish: string | null): object {
  return {
    id: "stand-in-1",
    object: "message" in part ? "chat.completion" : "chat.completion.chunk",
    created: 0,
    model,
    choices: [{ index: 0, ...part, finish_reason: finish }],
    ...(finish === null ? {} : { usage: USAGE }),
  };
}

function stream(response: ServerResponse, model: string, reply: Reply): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(`data: ${JSON.stringify(completion(model, { delta: reply }, null))}\n\n`);
  response.write(`data: ${JSON.stringify(completion(model, { delta: {} }, finishReason(reply)))}\n\n`);
  response.end("data: [DONE]\n\n");
}

function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify(value));
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    if (bytes > MAX_BODY_BYTES) throw new Error("the body is too large");
  }
  return Buffer.concat(chunks).toString("utf8");
}

if (import.meta.main) {
  const [address, port] = process.argv.slice(2);
  const { baseUrl } = await startModelServer(address, Number(port ?? 0));
  process.stdout.write(`${baseUrl}\n`);
}
