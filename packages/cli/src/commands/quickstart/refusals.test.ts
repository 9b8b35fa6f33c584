/** What the quickstart refuses before it changes anything, with the commands themselves on real files. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { after, beforeEach } from "node:test";
import { createLinuxProcesses, type HostProcess } from "@mvm/agent";
import { exitCodeOf, isMvmError, nodeClock, nodeFiles, RevisionId, takeExclusiveLock } from "@mvm/core";
import { capturedOutput } from "@mvm/testing";
import { commandInput } from "../../command-input.ts";
import type { CliContext } from "../../context.ts";
import { systemdServiceManager } from "../../host/service-manager.ts";
import { addBuilt } from "./built-images.ts";
import { takeDown } from "./down.ts";
import type { QuickstartHost } from "./host-port.ts";
import { claimDirectory } from "./own-directory.ts";
import { type Owner, ownerText } from "./owner.ts";
import { bringUp } from "./up.ts";
import { writeFleetFile } from "./write-files.ts";

const root = join(import.meta.dirname, "../../../../..");
// Short: sockets lie in it.
const base = mkdtempSync("/tmp/mvmrf-");
after(() => rmSync(base, { recursive: true }));
let at = base;
let owner: Owner;

beforeEach(() => {
  at = mkdtempSync(join(base, "x"));
  mkdirSync(join(at, "files"));
  const node = {
    name: "quickstart",
    state_dir: join(at, "state"),
    runtime_dir: join(at, "run"),
    keys_dir: join(at, "state-keys"),
  };
  owner = { config: join(at, "files", "mvm.toml"), kind: "full", node, network: { name_prefix: "mvmrf" } };
  writeFileSync(
    owner.config,
    `schema_version = 1
[node]
name = "quickstart"
mode = "development"
state_dir = "${node.state_dir}"
runtime_dir = "${node.runtime_dir}"
[network]
name_prefix = "mvmrf"
[images]
dir = "${join(at, "images")}"
`,
  );
});

function context(): CliContext {
  return {
    stdout: capturedOutput(),
    stderr: capturedOutput(),
    signal: new AbortController().signal,
    cwd: at,
    isRoot: true,
    claimedBy: "test",
    stdin: {
      isTty: false,
      readAll: () => Promise.resolve(Buffer.alloc(0)),
      ask: () => Promise.resolve(""),
    },
    clock: nodeClock,
    files: nodeFiles,
    serviceManager: systemdServiceManager({}),
    noteChange: () => undefined,
  };
}

interface OnHost {
  readonly processes?: readonly HostProcess[];
  readonly remains?: readonly string[];
}

function hostWith({ processes = [], remains = [] }: OnHost = {}): QuickstartHost {
  return {
    machine: { cpus: 2, memMib: 16_384 },
    installation: { root, argv: ["node", join(root, "no-such-program")] },
    processes: createLinuxProcesses(),
    pid: process.pid,
    lock: takeExclusiveLock,
    listProcesses: () => Promise.resolve(processes),
    remainsOfNode: () => Promise.resolve(remains),
    tearDownNode: () => Promise.resolve(remains),
  };
}

const input = (flags: Readonly<Record<string, boolean>>) => commandInput([], { dir: "files", ...flags });

for (const [installed, other] of [
  ["minimal", "full"],
  ["full", "minimal"],
] as const) {
  test(`${other} over ${installed} is refused before the fleet file is written`, async () => {
    await claimDirectory(nodeFiles, owner.node.state_dir, ownerText({ ...owner, kind: installed }));
    const request = { dir: join(at, "files"), root, minimal: installed === "minimal", machine: hostWith().machine };
    const fleet = await writeFleetFile(context(), request);
    const before = readFileSync(fleet, "utf8");
    await assert.rejects(
      bringUp(context(), input({ minimal: other === "minimal" }), hostWith()),
      (error) => isMvmError(error, "MVM_QUICKSTART_REFUSED") && error.remedy.startsWith("Take it down first"),
    );
    assert.equal(readFileSync(fleet, "utf8"), before);
  });
}

for (const what of ["mark", "state directory"]) {
  test(`--down without the ${what} names what is on the host and fails`, async () => {
    if (what === "mark") {
      mkdirSync(owner.node.state_dir);
      for (const name of ["quickstart.lock", "agent.db"]) writeFileSync(join(owner.node.state_dir, name), "");
    }
    const remains = ["process 4711 of uid 200000 (qemu-system-x86_64)", "network namespace mvmrf-acme"];
    await assert.rejects(
      takeDown(context(), input({ purge: true }), hostWith({ remains })),
      (error) =>
        isMvmError(error, "MVM_NODE_NOT_EMPTY") &&
        exitCodeOf(error) === 1 &&
        remains.every((thing) => error.message.includes(thing)),
    );
    assert.deepEqual(readdirSync(join(at, "files")), ["mvm.toml"]);
  });
}

test("--down without a quickstart removes no image of anybody's", async () => {
  mkdirSync(join(at, "images", "revisions"), { recursive: true });
  writeFileSync(join(at, "images", "revisions", `${"1".repeat(16)}.json`), "{}");
  await takeDown(context(), input({ purge: true }), hostWith());
  assert.deepEqual(readdirSync(join(at, "images", "revisions")), [`${"1".repeat(16)}.json`]);
});

test("--down names a server that it has no record of, before anything is destroyed", async () => {
  await claimDirectory(nodeFiles, owner.node.state_dir, ownerText(owner));
  writeFileSync(join(owner.node.state_dir, "agent.db"), "");
  const argv = ["node", "mvm.mjs", "coordinator", "run", "--config", owner.config];
  await assert.rejects(
    takeDown(context(), input({}), hostWith({ processes: [{ pid: 4711, uid: 0, argv }] })),
    (error) => isMvmError(error, "MVM_QUICKSTART_REFUSED") && error.message.includes("the coordinator with pid 4711"),
  );
  assert.ok(readdirSync(owner.node.state_dir).includes("agent.db"));
});

test("--down of another clone's quickstart is refused", async () => {
  const other = join(at, "other.toml");
  writeFileSync(other, "");
  await claimDirectory(nodeFiles, owner.node.state_dir, ownerText({ ...owner, config: other }));
  await assert.rejects(
    takeDown(context(), input({}), hostWith()),
    (error) => isMvmError(error, "MVM_QUICKSTART_REFUSED") && error.message.includes(other),
  );
});

test("where another clone's quickstart is, nothing is written, up or down", async () => {
  const other = join(at, "other.toml");
  writeFileSync(other, "");
  // Without a file of its own it would lie where the installed one is: a root whose example says so.
  const clone = join(at, "clone");
  mkdirSync(join(clone, "examples", "quickstart"), { recursive: true });
  const template = readFileSync(owner.config, "utf8");
  for (const name of ["mvm.toml.in", "fleet.toml"])
    writeFileSync(join(clone, "examples", "quickstart", name), name === "fleet.toml" ? "" : template);
  await claimDirectory(nodeFiles, owner.node.state_dir, ownerText({ ...owner, config: other }));
  const host = { ...hostWith(), installation: { ...hostWith().installation, root: clone } };
  for (const command of [bringUp, takeDown]) {
    const asked = context();
    await assert.rejects(
      command(asked, commandInput([], { dir: "new" }), host),
      (error) => isMvmError(error, "MVM_QUICKSTART_REFUSED") && !error.remedy.includes("new/mvm.toml"),
    );
    assert.equal(existsSync(join(at, "new")), false);
  }
});

test("--down with nothing there writes nothing, and speaks of --purge only where there are images", async () => {
  rmSync(owner.config);
  const clone = join(at, "clone");
  mkdirSync(join(clone, "examples", "quickstart"), { recursive: true });
  const text = `schema_version = 1
[node]
name = "quickstart"
mode = "development"
state_dir = "${owner.node.state_dir}"
runtime_dir = "${owner.node.runtime_dir}"
[images]
dir = "${join(at, "images")}"
`;
  writeFileSync(join(clone, "examples", "quickstart", "mvm.toml.in"), text);
  writeFileSync(join(clone, "examples", "quickstart", "fleet.toml"), "");
  const host = { ...hostWith(), installation: { ...hostWith().installation, root: clone } };
  const said = async (): Promise<string> => {
    const [stdout, stderr] = [capturedOutput(), capturedOutput()];
    await takeDown({ ...context(), stdout, stderr }, commandInput([], { dir: "new" }), host);
    assert.equal(existsSync(join(at, "new")), false);
    assert.equal(stderr.text(), "");
    return stdout.text();
  };
  assert.equal(await said(), "there was no quickstart to remove\n");
  mkdirSync(join(at, "images"));
  await addBuilt(nodeFiles, join(at, "images"), RevisionId.parse("1".repeat(16)));
  assert.match(await said(), /\n1 image that the quickstart built stays in .*; --purge removes it\n$/);
});

test("--down beside a quickstart that is at work is refused", async () => {
  await claimDirectory(nodeFiles, owner.node.state_dir, ownerText(owner));
  const lock = takeExclusiveLock(join(owner.node.state_dir, "quickstart.lock"));
  await assert.rejects(
    takeDown(context(), input({}), hostWith()),
    (error) => isMvmError(error, "MVM_QUICKSTART_REFUSED") && error.message.includes("another quickstart is at work"),
  );
  lock?.release();
});
