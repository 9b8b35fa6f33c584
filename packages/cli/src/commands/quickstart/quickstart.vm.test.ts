/**
 * The quickstart with small VMs as a user sees it: interrupted, continued, run again, its servers
 * killed, taken down. Its files are edited beforehand, so that it stands beside any other.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { after } from "node:test";
import { jsonAt, outputLines, processes, startCaretaker } from "@mvm/testing";

const root = join(import.meta.dirname, "../../../../..");
const imagesDir = process.env["MVM_TEST_IMAGES"] ?? "/var/cache/mvm/test-images";
const base = mkdtempSync("/tmp/mvm-qs-");
const dir = join(base, "files");
const state = join(base, "state");
const keys = join(base, "state-keys");
const runtime = join(base, "run");
const PREFIX = "mvmqt";
const FIRST_UID = 265_700;
const LAST_UID = 265_799;
const UP_AGAIN_MS = 10_000;

const caretaker = startCaretaker({ dirs: [base], namePrefix: PREFIX, uids: [FIRST_UID, LAST_UID] });

mkdirSync(dir);
writeFileSync(
  join(dir, "mvm.toml"),
  `schema_version = 1
[node]
name = "quickstart"
mode = "development"
state_dir = "${state}"
runtime_dir = "${runtime}"
uid_range = [${FIRST_UID}, ${LAST_UID}]
[network]
name_prefix = "${PREFIX}"
cluster_cidr = "10.124.0.0/16"
uplink_cidr = "100.124.0.0/16"
[images]
dir = "${imagesDir}"
accept = ["debian"]
[ingress]
ports = [18700, 18719]
[microvms]
include = ["${root}/microvms/roles/*.toml", "${root}/microvms/profiles/*/profile.toml"]
`,
);

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly tookMs: number;
}

/** Runs the program; sends it SIGINT once it has printed `interruptAt`. */
function mvm(args: readonly string[], interruptAt?: RegExp): Promise<Ran> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [join(root, "packages/cli/src/main.ts"), ...args], {
    cwd: base,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ran = { stdout: "", stderr: "" };
  let interrupted = false;
  child.stdout.on("data", (chunk: Buffer) => (ran.stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => {
    ran.stderr += chunk.toString();
    if (interrupted || interruptAt?.test(ran.stderr) !== true) return;
    // Once: a second signal would end it at once.
    interrupted = true;
    child.kill("SIGINT");
  });
  return new Promise((resolve) => {
    child.once("close", (code) => resolve({ code, ...ran, tookMs: performance.now() - startedAt }));
  });
}

const quickstart = (...more: readonly string[]): Promise<Ran> =>
  mvm(["quickstart", "--minimal", "--dir", dir, ...more]);

async function pids(): Promise<readonly unknown[]> {
  const { stdout } = await mvm(["instance", "list", "--json", "--config", join(dir, "mvm.toml")]);
  return [0, 1, 2, 3].map((index) => jsonAt(stdout, `instances.${index}.status.pid`));
}

/** Whatever of this quickstart is still on the host. */
async function leftovers(): Promise<readonly string[]> {
  const listings = [["ip", "netns", "list"], ["ip", "-o", "link"], ["nft", "list", "tables"], ["mount"]] as const;
  const lines = await Promise.all(listings.map(([program, ...args]) => outputLines(program, ...args)));
  const named = lines.flat().filter((line) => line.includes(PREFIX) || line.includes(base));
  const running = (await processes()).filter(
    ({ uids: [uid = 0], argv }) => (uid >= FIRST_UID && uid <= LAST_UID) || argv.includes(`${base}/`),
  );
  const paths = [state, keys, runtime, join(dir, "fleet.toml")].filter((path) => existsSync(path));
  return [...named, ...running.map(({ pid }) => String(pid)), ...paths];
}

after(async () => {
  if (existsSync(state)) await quickstart("--down");
  await caretaker.close();
});

test("interrupted while VMs start: it says that it goes on, and a second run ends it", async () => {
  const first = await mvm(["quickstart", "--minimal", "--dir", dir], /waiting: acme-gw-0 is starting/);
  assert.equal(first.code, 130, first.stderr);
  assert.match(
    first.stderr,
    /interrupted: what was asked for goes on in the background: see mvm --config \S+\/mvm\.toml instance list\n$/,
  );
  const second = await quickstart();
  assert.equal(second.code, 0, second.stderr);
  for (const id of ["acme-gw-0", "acme-worker-0", "globex-gw-0", "globex-worker-0"]) {
    assert.match(
      second.stdout,
      new RegExp(`^(acme|globex) +${id} +ready +10\\.124\\.\\d+\\.\\d+ +[\\d.]+ (s|min) `, "m"),
    );
  }
  assert.match(second.stdout, /2 tenants, 4 instances/);
});

test("run again, it finds everything up in less than ten seconds", async () => {
  const again = await quickstart();
  assert.equal(again.code, 0, again.stderr);
  assert.match(again.stdout, /everything is up already/);
  assert.ok(again.tookMs < UP_AGAIN_MS, `${again.tookMs} ms`);
});

test("after kill -9 of both servers it starts them again and stops no VM", async () => {
  const before = await pids();
  assert.ok(
    before.every((pid) => typeof pid === "number"),
    String(before),
  );
  const records = readFileSync(join(state, "quickstart.json"), "utf8");
  for (const server of ["agent", "coordinator"])
    process.kill(Number(jsonAt(records, `servers.${server}.pid`)), "SIGKILL");
  const again = await quickstart();
  assert.equal(again.code, 0, again.stderr);
  assert.deepEqual(await pids(), before);
});

test("a changed config is in force: both servers are started anew with it, and no VM is", async () => {
  const before = await pids();
  const servers = readFileSync(join(state, "quickstart.json"), "utf8");
  const text = readFileSync(join(dir, "mvm.toml"), "utf8");
  writeFileSync(join(dir, "mvm.toml"), text.replace("[network]", "parallel_starts = 3\n[network]"));
  const again = await quickstart();
  assert.equal(again.code, 0, again.stderr);
  const now = readFileSync(join(state, "quickstart.json"), "utf8");
  for (const server of ["agent", "coordinator"])
    assert.notEqual(jsonAt(now, `servers.${server}.pid`), jsonAt(servers, `servers.${server}.pid`));
  assert.deepEqual(await pids(), before);
});

test("of two at once, one is refused by name and the installation stays whole", async () => {
  const both = await Promise.all([quickstart(), quickstart()]);
  const refused = both.filter(({ code }) => code === 3);
  for (const { stderr } of refused) assert.match(stderr, /another quickstart is at work on .*pid \d+/);
  assert.equal(
    both.filter(({ code }) => code === 0).length + refused.length,
    2,
    both.map(({ stderr }) => stderr).join(),
  );
  assert.ok(refused.length < 2);
});

test("taken down without its mark, what is there is named and nothing is removed", async () => {
  const mark = join(state, ".made-by-mvm-quickstart");
  const text = readFileSync(mark, "utf8");
  rmSync(mark);
  const down = await quickstart("--down");
  writeFileSync(mark, text);
  assert.notEqual(down.code, 0, down.stdout);
  assert.match(down.stderr, /the coordinator with pid \d+/);
});

test("taken down, nothing of it is left but the edited file, which is named", async () => {
  const down = await quickstart("--down");
  assert.equal(down.code, 0, down.stderr);
  assert.deepEqual(await leftovers(), []);
  assert.match(down.stdout, new RegExp(`kept ${join(dir, "mvm.toml")}: you edited it`));
  assert.ok(existsSync(imagesDir));
  const nothing = await quickstart("--down");
  assert.match(nothing.stdout, /there was no quickstart to remove/);
});
