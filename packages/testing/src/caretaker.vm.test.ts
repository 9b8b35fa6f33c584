import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { outputLines, processes } from "./host-state.ts";
import type { TestThings } from "./caretaker.ts";
import { requires } from "./requirements.ts";

const PREFIX = "mvmct";
const UID = 299_990;
const skip = await requires("root", "network");

/** A test that has begun its work: a process with a caretaker, which only waits. */
function startedTest(things: TestThings): ReturnType<typeof spawn> {
  const program = `
    import { startCaretaker } from ${JSON.stringify(join(import.meta.dirname, "caretaker.ts"))};
    startCaretaker(${JSON.stringify(things)});
    console.log("ready");
    setInterval(() => undefined, 1000);`;
  return spawn(process.execPath, ["--input-type=module-typescript", "--eval", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

async function isLeft(dir: string): Promise<readonly string[]> {
  const listed = [
    ...(await outputLines("ip", "netns", "list")),
    ...(await outputLines("ip", "-o", "link")),
    ...(await outputLines("nft", "list", "tables")),
    ...(await readFile("/proc/mounts", "utf8")).split("\n"),
  ];
  const running = await processes();
  return [
    ...listed.filter((line) => line.includes(PREFIX) || line.includes(dir)),
    ...running.filter(({ argv, uids: [uid] }) => argv.includes(dir) || uid === UID).map(({ argv }) => argv),
  ];
}

test("a killed test's processes, namespaces, links, tables, mounts and files go", { skip }, async () => {
  const dir = await mkdtemp("/tmp/mvm-caretaker-");
  const child = startedTest({ dirs: [dir], namePrefix: PREFIX, uids: [UID, UID] });
  assert.ok(child.stdout !== null);
  await once(child.stdout, "data");

  await outputLines("mount", "-t", "tmpfs", "none", dir);
  await outputLines("ip", "netns", "add", `${PREFIX}-1`);
  await outputLines("ip", "link", "add", `${PREFIX}u1`, "type", "veth", "peer", "name", "up0", "netns", `${PREFIX}-1`);
  await outputLines("nft", "add", "table", "inet", `${PREFIX}_host`);
  const naming = spawn("sleep", ["600"], { argv0: dir, stdio: "ignore" });
  const ofUid = spawn("sleep", ["600"], { stdio: "ignore", uid: UID });
  const inside = spawn("nsenter", [`--net=/run/netns/${PREFIX}-1`, "sleep", "600"], { stdio: "ignore" });
  const spared = spawn("sleep", ["600"], { stdio: "ignore" });
  const allGone = Promise.all([naming, ofUid, inside].map((each) => once(each, "exit")));
  assert.ok((await isLeft(dir)).length >= 6, "all of it is seen while it is there");

  child.kill("SIGKILL");
  await allGone;
  const until = Date.now() + 20_000;
  while ((await isLeft(dir)).length > 0 && Date.now() < until) await delay(100);
  assert.deepEqual(await isLeft(dir), []);
  await assert.rejects(readFile(dir), { code: "ENOENT" });
  assert.equal(spared.exitCode, null, "what carries none of the names goes on");
  spared.kill();
  await rm(dir, { recursive: true, force: true });
});
