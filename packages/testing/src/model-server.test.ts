import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startModelServer, type ModelServer } from "./model-server.ts";

let model: ModelServer;
before(async () => {
  model = await startModelServer();
});
after(() => model.close());

interface Message {
  readonly role: string;
  readonly content?: string | readonly { readonly text: string }[];
}

async function ask(messages: readonly Message[], stream = false): Promise<string> {
  const response = await fetch(`${model.baseUrl}/chat/completions`, {
    method: "POST",
    headers: { authorization: "Bearer k" },
    body: JSON.stringify({ model: "m", stream, messages }),
  });
  return response.text();
}

test("what the user said comes back; the question is kept", async () => {
  assert.match(await ask([{ role: "user", content: "good day" }]), /"content":"you said: good day"/);
  const [question] = model.asked;
  assert.deepEqual(question, {
    path: "/v1/chat/completions",
    authorization: "Bearer k",
    model: "m",
    streamed: false,
    userText: "good day",
  });
});

test("a command becomes a call of exec, also when other messages follow it, and streamed", async () => {
  const messages = [
    { role: "assistant", content: "run: old" },
    { role: "user", content: [{ text: "run: hostname" }] },
    { role: "user", content: "context of the application's own" },
  ];
  for (const stream of [false, true]) {
    const answer = await ask(messages, stream);
    assert.match(answer, /"name":"exec","arguments":"\{\\"command\\":\\"hostname\\"\}"/);
    assert.match(answer, /"finish_reason":"tool_calls"/);
    assert.equal(answer.endsWith("data: [DONE]\n\n"), stream);
  }
});

test("the tool's output comes back as text", async () => {
  const messages = [
    { role: "user", content: "run: hostname" },
    { role: "assistant" },
    { role: "tool", content: "acme-wk-0" },
  ];
  assert.match(await ask(messages), /"content":"the tool said: acme-wk-0"/);
});

test("a body that is no question is refused", async () => {
  const response = await fetch(`${model.baseUrl}/chat/completions`, { method: "POST", body: "{}" });
  assert.equal(response.status, 400);
});
