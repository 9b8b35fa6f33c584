import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { isMvmError, nodeClock, type ProcessRef } from "@mvm/core";
import { createLinuxProcesses } from "./processes.ts";

const processes = createLinuxProcesses();
const started: ProcessRef[] = [];
let directory = "";

async function sleeper(seconds: string): Promise<ProcessRef> {
  const ref = await processes.spawnDetached({ argv: ["sleep", seconds] });
  started.push(ref);
  return ref;
}

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "mvm-processes-"));
});
after(async () => {
  for (const ref of started) await processes.signal(ref, "SIGKILL");
  await rm(directory, { recursive: true, force: true });
});

test("a detached process leads a session of its own, without our descriptors", async () => {
  const ref = await sleeper("60");
  const stat = (await readFile(`/proc/${ref.pid}/stat`, "utf8")).split(" ");
  assert.equal(stat[5], String(ref.pid));
  assert.deepEqual(await processes.find(ref.pid), ref);
  const facts = await processes.facts(ref);
  assert.ok(facts !== null);
  assert.deepEqual(facts.cmdline, ["sleep", "60"]);
  assert.equal(facts.uids[0], process.getuid?.());
  assert.match(facts.netNamespace, /^net:\[\d+\]$/);
  assert.equal(facts.rootDir, "/");
  const environment = await readFile(`/proc/${ref.pid}/environ`, "utf8");
  assert.deepEqual(environment.split("\0").filter(Boolean).sort(), ["LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"]);
});

test("only the very process is signalled, never another of that pid", async () => {
  const ref = await sleeper("60");
  const other = { ...ref, startTicks: ref.startTicks - 1 };
  assert.equal(await processes.signal(other, "SIGKILL"), false);
  assert.equal(await processes.facts(other), null);
  assert.equal(await processes.waitGone(other, 1_000), true);
  assert.equal(await processes.isAlive(ref), true);

  assert.equal(await processes.waitGone(ref, 30), false);
  const abort = new AbortController();
  const waiting = processes.waitGone(ref, 60_000, abort.signal);
  abort.abort();
  assert.equal(await waiting, false);
  assert.equal(await processes.signal(ref, "SIGKILL"), true);
  assert.equal(await processes.waitGone(ref, 5_000), true);
  assert.equal(await processes.signal(ref, "SIGKILL"), false);
  assert.equal(await processes.find(ref.pid), null);
});

test("a zombie counts as gone", async () => {
  // The shell starts a child and never waits for it.
  const parent = await processes.spawnDetached({ argv: ["sh", "-c", "sleep 0 & exec sleep 5"] });
  started.push(parent);
  await nodeClock.sleep(150);
  const children = await readFile(`/proc/${parent.pid}/task/${parent.pid}/children`, "utf8");
  const [zombie] = children.trim().split(" ").map(Number);
  assert.ok(zombie !== undefined && zombie > 0);
  assert.match(await readFile(`/proc/${zombie}/stat`, "utf8"), /\) Z /);
  assert.equal(await processes.find(zombie), null);
});

test("output goes to files, appended, for the owner only", async () => {
  const path = join(directory, "out");
  for (const word of ["one", "two"]) {
    const ref = await processes.spawnDetached({
      argv: ["sh", "-c", `echo ${word}; echo e${word} >&2`],
      stdoutPath: path,
      stderrPath: path,
    });
    assert.equal(await processes.waitGone(ref, 5_000), true);
  }
  assert.equal(await readFile(path, "utf8"), "one\neone\ntwo\netwo\n");
});

test("a tapped standard error is heard until it is let go; the process lives on", async () => {
  const until = new AbortController();
  const heard: string[] = [];
  const ref = await processes.spawnDetached({
    argv: ["sh", "-c", "trap '' PIPE; echo starting >&2; sleep 0.2; echo unheard >&2; sleep 60"],
    stderrTap: { onText: (text) => heard.push(text), onEnd: () => undefined, until: until.signal },
  });
  started.push(ref);
  while (heard.length === 0) await nodeClock.sleep(5);
  until.abort();
  await nodeClock.sleep(300);
  assert.deepEqual(heard, ["starting\n"]);
  assert.equal(await processes.isAlive(ref), true);
});

test("a tap hears everything before its end", async () => {
  const ended = Promise.withResolvers<undefined>();
  let heard = "";
  const tap = {
    onText: (text: string) => (heard += text),
    onEnd: () => ended.resolve(undefined),
    until: new AbortController().signal,
  };
  await processes.spawnDetached({ argv: ["sh", "-c", "echo bad option >&2; exit 1"], stderrTap: tap });
  await ended.promise;
  assert.equal(heard, "bad option\n");
});

test("a missing program is named", async () => {
  const starting = processes.spawnDetached({ argv: ["mvm-no-such-program"] });
  await assert.rejects(
    starting,
    (error) => isMvmError(error, "MVM_HOST_COMMAND_FAILED") && error.details["missing"] === true,
  );
});

test("processes are found by uid", async () => {
  const ref = await sleeper("60");
  const found = await processes.ofUid(process.getuid?.() ?? -1);
  assert.ok(found.some(({ pid, startTicks }) => pid === ref.pid && startTicks === ref.startTicks));
  assert.deepEqual(await processes.ofUid(3_999_999_999), []);
});
