import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { hostHolding } from "./host-holding.ts";

const marker = `marker-${randomUUID()}`;
const since = new Date(Date.now() - 60_000);
let dir: string;
before(async () => (dir = await mkdtemp(join(tmpdir(), "mvm-holding-"))));
after(() => rm(dir, { recursive: true, force: true }));

const search = (): Promise<readonly string[]> =>
  hostHolding({ marker, since, except: [join(dir, "own")], dirs: [dir] });

/** A process that waits until its stdin ends. */
async function whileRunning(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  look: (pid: number | undefined) => Promise<void>,
): Promise<void> {
  const child: ChildProcess = spawn("/bin/sh", ["-c", "read line", ...args], {
    env,
    stdio: ["pipe", "ignore", "ignore"],
  });
  const gone = once(child, "exit");
  try {
    await look(child.pid);
  } finally {
    child.stdin?.end();
    await gone;
  }
}

test("a marker is found in a process's arguments and in its environment, while it runs", async () => {
  await whileRunning([marker], {}, async (pid) => assert.deepEqual(await search(), [`/proc/${pid}/cmdline`]));
  await whileRunning([], { TOKEN: marker }, async (pid) => assert.deepEqual(await search(), [`/proc/${pid}/environ`]));
  assert.deepEqual(await search(), []);
});

test("of files those that are new and outside the product's own directories are searched", async () => {
  await mkdir(join(dir, "own"));
  await mkdir(join(dir, "deep/deeper"), { recursive: true });
  const holding = Buffer.concat([Buffer.of(0, 255, 10), Buffer.from(marker)]);
  for (const path of ["deep/deeper/new", "old", "own/file"]) await writeFile(join(dir, path), holding);
  await writeFile(join(dir, "other"), "something else");
  await utimes(join(dir, "old"), new Date(0), new Date(0));
  assert.deepEqual(await search(), [join(dir, "deep/deeper/new")]);
});
