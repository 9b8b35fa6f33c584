import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeClock, nodeFiles } from "@mvm/core";
import { capturedOutput } from "@mvm/testing";
import type { CliContext, ServiceManager } from "../context.ts";
import { systemdServiceManager } from "../host/service-manager.ts";
import { type Server, serveUntilAborted } from "./serve.ts";

const ALIVE_EVERY_MS = 5;

interface Told {
  readonly words: readonly string[];
  readonly log: string;
}

/** Serves until `enough`; what was told in order, the server's closing among it. */
async function serve(
  server: Omit<Server, "close">,
  { enough, fails = false }: { readonly enough: (words: readonly string[]) => boolean; readonly fails?: boolean },
): Promise<Told> {
  const words: string[] = [];
  const stop = new AbortController();
  const stderr = capturedOutput();
  const serviceManager: ServiceManager = {
    aliveEveryMs: ALIVE_EVERY_MS,
    async tell(word) {
      words.push(word);
      if (fails) throw new Error("nobody listens");
    },
  };
  const context: CliContext = {
    stdout: capturedOutput(),
    stderr,
    signal: stop.signal,
    cwd: "/",
    isRoot: false,
    claimedBy: "eve",
    stdin: { isTty: false, readAll: async () => Buffer.alloc(0), ask: async () => "" },
    clock: nodeClock,
    files: nodeFiles,
    serviceManager,
    noteChange: () => undefined,
  };
  const isAlive = (): boolean => {
    if (enough(words)) stop.abort();
    return server.isAlive?.() ?? true;
  };
  await serveUntilAborted(context, async () => ({ isAlive, close: async () => void words.push("closed") }));
  return { words, log: stderr.text() };
}

test("a server says that it is ready, then that it is alive, then that it stops", async () => {
  const { words } = await serve({}, { enough: (told) => told.length === 3 });
  assert.deepEqual(words, ["READY", "WATCHDOG", "WATCHDOG", "WATCHDOG", "STOPPING", "closed"]);
});

test("a server that stands still is not called alive", async () => {
  let looks = 0;
  const isAlive = (): boolean => (looks += 1) < 3;
  const { words } = await serve({ isAlive }, { enough: () => looks === 6 });
  assert.deepEqual(words, ["READY", "WATCHDOG", "WATCHDOG", "STOPPING", "closed"]);
});

test("a server goes on when nobody can be told", async () => {
  const { words, log } = await serve({}, { enough: (told) => told.length === 3, fails: true });
  assert.equal(words.at(-1), "closed");
  assert.match(log, /service-manager\.deaf/);
});

test("started by hand, nobody is told", async () => {
  const manager = systemdServiceManager({});
  assert.equal(manager.aliveEveryMs, null);
  await manager.tell("READY");
  assert.equal(systemdServiceManager({ NOTIFY_SOCKET: "/x", WATCHDOG_USEC: "60000000" }).aliveEveryMs, 30_000);
});
