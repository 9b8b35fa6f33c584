/**
 * Fills the application's compile cache while its image is built: runs the application as it will
 * run in the guest, until it is ready, as often as the profile says, and keeps the cache.
 *
 * Run by the image build inside the tree (enter-tree), as root, on the image's own Node; the plan
 * comes on standard input. Only the application itself runs as the unprivileged user.
 */
import { spawn } from "node:child_process";
import { chownSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const APP_ID = 1000;
const POLL_MS = 100;
const OUTPUT_KEPT_CHARS = 4000;

const plan = JSON.parse(readFileSync(0, "utf8"));

/** What the guest's mount script and the host's drives provide. */
function prepare() {
  for (const directory of ["/data", "/data/home", "/data/log", "/data/tmp"]) {
    mkdirSync(directory, { recursive: true });
    chownSync(directory, APP_ID, APP_ID);
  }
  for (const [path, contents] of Object.entries(plan.files)) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, contents, { mode: 0o400 });
    chownSync(path, APP_ID, APP_ID);
  }
}

function start() {
  const [program, ...args] = plan.command;
  const child = spawn(program, args, {
    env: plan.env,
    uid: APP_ID,
    gid: APP_ID,
    cwd: "/data/home",
    stdio: ["ignore", "pipe", "pipe"],
  });
  /** @type {{ child: typeof child, output: string, ended: string | null }} */
  const run = { child, output: "", ended: null };
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => (run.output = (run.output + chunk).slice(-OUTPUT_KEPT_CHARS * 16)));
  }
  child.on("error", (error) => (run.ended = error.message));
  child.on("exit", (code, signal) => (run.ended = signal ?? `exit code ${code}`));
  return run;
}

async function isReady(run) {
  if (plan.ready_output !== undefined) return run.output.includes(plan.ready_output);
  try {
    const response = await fetch(plan.ready_url);
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

async function runOnce() {
  const deadline = performance.now() + plan.timeout_seconds * 1000;
  const run = start();
  while (!(await isReady(run))) {
    if (run.ended !== null)
      throw new Error(`it ended before it was ready: ${run.ended}\n${run.output.slice(-OUTPUT_KEPT_CHARS)}`);
    if (performance.now() > deadline)
      throw new Error(`it was not ready after ${plan.timeout_seconds} s\n${run.output.slice(-OUTPUT_KEPT_CHARS)}`);
    await sleep(POLL_MS);
  }
  // The cache is written when the program ends in order.
  run.child.kill("SIGTERM");
  while (run.ended === null) {
    if (performance.now() > deadline) throw new Error("it did not end on SIGTERM");
    await sleep(POLL_MS);
  }
}

prepare();
for (let number = 1; number <= plan.runs; number += 1) {
  process.stdout.write(`run ${number} of ${plan.runs}\n`);
  await runOnce();
}
if (!existsSync(plan.cache_from)) throw new Error(`no cache was left at ${plan.cache_from}`);
rmSync(plan.cache_to, { recursive: true, force: true });
cpSync(plan.cache_from, plan.cache_to, { recursive: true });
