import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { nodeClock } from "@mvm/core";
import { createBuildLock } from "./build-lock.ts";

const directory = await mkdtemp(join(tmpdir(), "mvm-lock-"));
after(() => rm(directory, { recursive: true }));
const lock = createBuildLock(nodeClock);

test("the second waits, says so, and gets the lock when the first lets go", async () => {
  const path = join(directory, "one");
  const first = await lock.hold(path, { onWait: () => assert.fail("nobody holds it") });
  let waited = 0;
  let got = false;
  const second = lock.hold(path, { onWait: () => void (waited += 1) }).then((held) => {
    got = true;
    return held;
  });
  await nodeClock.sleep(50);
  assert.deepEqual({ got, waited }, { got: false, waited: 1 });
  first.release();
  (await second).release();
});

test("waiting ends with the signal's reason", async () => {
  const path = join(directory, "two");
  const first = await lock.hold(path, { onWait: () => undefined });
  const giveUp = new AbortController();
  const waiting = lock.hold(path, { onWait: () => giveUp.abort(new Error("enough")), signal: giveUp.signal });
  await assert.rejects(waiting, /enough/);
  first.release();
  (await lock.hold(path, { onWait: () => assert.fail("the one that gave up holds it") })).release();
});

test("a process that is killed leaves no lock", async () => {
  const path = join(directory, "three");
  const program = `
    const { DatabaseSync } = await import("node:sqlite");
    new DatabaseSync(process.argv[1]).exec("BEGIN EXCLUSIVE");
    process.stdout.write("held");
    setInterval(() => undefined, 1000);`;
  const holder = spawn(process.execPath, ["--input-type=module", "--eval", program, path], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(holder.stdout, "data");
  let waited = false;
  const held = lock.hold(path, {
    onWait: () => {
      waited = true;
      holder.kill("SIGKILL");
    },
  });
  (await held).release();
  assert.ok(waited);
});
