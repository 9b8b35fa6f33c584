/** Commands against the real coordinator on a socket, with a node that obeys at once. No VM, no root. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { type RunningCoordinator, runCoordinator } from "@mvm/coordinator";
import { type CatalogueImage, type ImageCatalog, ImageManifest, loadConfig, nodeClock, nodeFiles } from "@mvm/core";
import { capturedOutput, jsonAt, type ObedientNode, startObedientNode, TEST_NODE } from "@mvm/testing";
import { coordinatorSettings } from "./commands/coordinator/settings.ts";
import { systemdServiceManager } from "./host/service-manager.ts";
import { runCli } from "./run-cli.ts";

const cwd = mkdtempSync(join(tmpdir(), "mvm-commands-"));
const FLEET = `schema_version = 1
[[tenants]]
tenant_id = "acme"
[[tenants.pools]]
pool_id = "gw"
role = "gateway"
profile = "small"
desired_counts = { running = 1 }
[[tenants.pools]]
pool_id = "worker"
role = "worker"
profile = "small"
desired_counts = { running = 1 }
`;
writeFileSync(
  join(cwd, "mvm.toml"),
  `schema_version = 1
[node]
name = "${TEST_NODE}"
mode = "development"
state_dir = "state"
runtime_dir = "."
[images]
accept = ["debian"]
[microvms.roles.gateway]
description = "g"
profiles = ["small"]
expose_ingress = true
starts_before = ["worker"]
[microvms.roles.worker]
description = "w"
profiles = ["small"]
[microvms.profiles.small]
description = "s"
min_mem_mib = 128
defaults = { vcpus = 1, mem_mib = 256, data_mib = 64 }
secrets = [{ name = "model.key" }]
`,
);
writeFileSync(join(cwd, "fleet.toml"), FLEET);

const hash = "0".repeat(64);
const image: CatalogueImage = {
  builtAtMs: 1,
  manifest: ImageManifest.parse({
    schema_version: 1,
    revision: "0123456789abcdef",
    kind: "debian",
    role: null,
    profile: "small",
    input_hash: hash,
    artifacts: Object.fromEntries(
      ["kernel", "vmlinux", "initrd", "rootfs"].map((name) => [name, { file: name, sha256: hash, size_bytes: 1 }]),
    ),
    kernel_version: "6.1",
    packages: [],
    npm_lock_sha256: null,
    patches: [],
  }),
};
const images: ImageCatalog = {
  list: async () => [image],
  newest: async (_, profile) => (profile === "small" ? image : null),
  get: async () => image,
};

let coordinator: RunningCoordinator | undefined;
let node: ObedientNode | undefined;

before(async () => {
  const loaded = await loadConfig({ cwd, files: nodeFiles });
  const logger = { info: () => undefined, warn: () => undefined, error: () => undefined, child: () => logger };
  coordinator = await runCoordinator(coordinatorSettings(loaded), { images, logger });
  node = startObedientNode(coordinator.socketPath);
});
after(async () => {
  await node?.close();
  await coordinator?.close();
  rmSync(cwd, { recursive: true });
});

interface Ran {
  readonly code: number;
  readonly stdout: string;
  /** Without the line that names the config. */
  readonly stderr: string;
}

/** Runs a command; with `typed`, a person on a terminal answers that. */
async function mvm(
  command: string,
  { typed, stdin = "" }: { readonly typed?: string; readonly stdin?: string } = {},
): Promise<Ran> {
  const [stdout, stderr] = [capturedOutput(), capturedOutput()];
  const streams = { stdout, stderr, signal: new AbortController().signal };
  const input = { isTty: typed !== undefined, readAll: async () => Buffer.from(stdin), ask: async () => typed ?? "" };
  const loadContext = async () => ({
    ...streams,
    cwd,
    isRoot: false,
    claimedBy: "eve",
    stdin: input,
    clock: nodeClock,
    files: nodeFiles,
    serviceManager: systemdServiceManager({}),
  });
  const code = await runCli(command.split(" "), streams, loadContext);
  return { code, stdout: stdout.text(), stderr: stderr.text().replace(/^config: .*\n/, "") };
}

/** A member of the JSON document that a command prints. */
async function json(command: string, path: string): Promise<unknown> {
  return jsonAt((await mvm(`${command} --json`)).stdout, path);
}

test("an empty fleet: every list says so", async () => {
  for (const [command, sentence] of [
    ["tenant list", "no tenants"],
    ["pool list", "no pools"],
    ["instance list", "no instances"],
  ] as const) {
    assert.deepEqual(await mvm(command), { code: 0, stdout: `${sentence}\n`, stderr: "" });
  }
});

test("plan says what apply would do, and does nothing", async () => {
  const { stdout, code } = await mvm("fleet plan fleet.toml");
  assert.equal(code, 0);
  assert.match(stdout, /^ACTION +KIND +NAME +REASON\ncreate +tenant +acme /);
  assert.match(stdout, /create +instance +acme-worker-0 /);
  assert.equal(await json("fleet show", "version"), 0);
});

test("apply waits until every instance is as it says", async () => {
  const { stdout, stderr, code } = await mvm("fleet apply fleet.toml --timeout 20s");
  assert.equal(code, 0, stderr);
  assert.match(stdout, /fleet version 1 is in force; every instance is as it says\n$/);
});

test("what is ready may be about to be restarted: apply waits until the node has nothing left to do", async () => {
  node?.setBusy(true);
  const early = await mvm("fleet apply fleet.toml --timeout 1s");
  assert.equal(early.code, 5);
  assert.match(early.stderr, /after 1\.0 s: [a-z0-9-]+: the node is at work \[MVM_WAIT_TIMEOUT\]/);
  node?.setBusy(false);
  assert.equal((await mvm("fleet apply fleet.toml --timeout 20s")).code, 0);
});

test("applied again, nothing would change", async () => {
  assert.equal((await mvm("fleet plan fleet.toml")).stdout, "nothing would change\n");
});

test("lists and shows, for people and as JSON with the config in it", async () => {
  const { stdout } = await mvm("instance list");
  const [header = "", gateway = "", worker = ""] = stdout.split("\n");
  assert.match(header, /^INSTANCE +STATE +FOR +ROLE +PROFILE +ADDRESS +INGRESS +NOTE$/);
  assert.match(gateway, /^acme-gw-0 +ready +.* gateway +small +10\.64\.\d+\.10 +127\.0\.0\.1:18800$/);
  assert.match(worker, /^acme-worker-0 +ready .* worker +small +10\.64\.\d+\.11 +-$/);
  assert.equal(await json("instance list", "schema_version"), 1);
  assert.equal(await json("instance list", "config.path"), join(cwd, "mvm.toml"));
  assert.equal(await json("instance list", "instances.1.instance_id"), "acme-worker-0");

  assert.match(
    (await mvm("tenant list")).stdout,
    /acme +present +10\.64\.\d+\.0\/24 +deny +gw, worker +2 of 2 ready\n/,
  );
  assert.match((await mvm("tenant show acme")).stdout, /^tenant +acme\nstanding +present\n/);
  assert.match(
    (await mvm("pool list --tenant acme")).stdout,
    /acme +gw +gateway +small +0123456789abcdef +256 MiB +1 +1 of 1 ready/,
  );
  assert.match(
    (await mvm("instance show acme-gw-0")).stdout,
    /^instance +acme-gw-0\nstate +ready for .*\ntype +gateway × small/,
  );
  assert.match(
    (await mvm("node status")).stdout,
    /^node +node-1\nstate +as wanted, generation \d+ of \d+\nmode +development\n/,
  );
  assert.match((await mvm("fleet show")).stdout, /^version +1\napplied +.* by eve\n/);
});

test("what is not there is not found, exit 4", async () => {
  for (const [command, code] of [
    ["instance show acme-gw-7", "MVM_INSTANCE_NOT_FOUND"],
    ["tenant show nobody", "MVM_TENANT_NOT_FOUND"],
    ["node status elsewhere", "MVM_NODE_NOT_FOUND"],
  ] as const) {
    const ran = await mvm(command);
    assert.equal(ran.code, 4, ran.stderr);
    assert.match(ran.stderr, new RegExp(`\\[${code}\\]`));
  }
});

test("stop and start wait for the outcome and print it", async () => {
  const stopped = await mvm("instance stop acme-worker-0 --timeout 20s");
  assert.deepEqual(
    [stopped.code, stopped.stdout],
    [0, "acme-worker-0 is stopped; start it again: mvm instance start acme-worker-0\n"],
    stopped.stderr,
  );
  assert.match((await mvm("instance list")).stdout, /acme-worker-0 +stopped .* held stopped by eve for 30 min, until /);
  assert.match(
    (await mvm("instance show acme-worker-0")).stdout,
    /\nwanted +running\ngoal +stopped, by the hold\nhold +hard, by eve since \S+ \S+ UTC, for 30 min, until /,
  );
  assert.match((await mvm("pool list")).stdout, /acme +worker .* 1 held stopped\n/);
  const started = await mvm("instance start acme-worker-0 --timeout 20s");
  assert.deepEqual([started.code, started.stdout], [0, "acme-worker-0 is ready\n"], started.stderr);
  assert.doesNotMatch(started.stderr, /is ready/, "once is enough");
});

test("a refusal is printed with its rule, exit 3, as JSON too", async () => {
  node?.report({
    "acme-worker-0": {
      state: "stopped",
      guest: null,
      refusal: {
        rule: "required drive",
        code: "MVM_SECRET_MISSING",
        message: "secret 'model.key' is not set",
        remedy: "Set it.",
      },
    },
  });
  const refused = await mvm("instance start acme-worker-0 --timeout 20s");
  assert.equal(refused.code, 3);
  assert.match(
    refused.stderr,
    /error: acme-worker-0 was refused by rule 'required drive': secret 'model\.key' is not set \[MVM_SECRET_MISSING\]\n {2}→ Set it\.\n$/,
  );
  const asJson = await mvm("instance start acme-worker-0 --timeout 20s --json");
  assert.equal(asJson.stdout, "");
  assert.match(asJson.stderr, /^[^\n]+\n$/, "no progress: the error alone");
  assert.equal(jsonAt(asJson.stderr, "details.rule"), "required drive");
  node?.report({});
});

test("what does not happen in time is said, exit 5; --no-wait does not wait for it", async () => {
  node?.report({ "acme-worker-0": { state: "starting", guest: null } });
  const late = await mvm("instance start acme-worker-0 --timeout 1s");
  assert.equal(late.code, 5);
  assert.match(late.stderr, /waiting: acme-worker-0 is starting \(/);
  assert.match(late.stderr, /error: after 1\.0 s: acme-worker-0 is starting \[MVM_WAIT_TIMEOUT\]/);
  const unwaited = await mvm("instance start acme-worker-0 --no-wait");
  assert.match(unwaited.stdout, /^acme-worker-0: asked for running \(generation \d+\)\n$/);
  node?.report({});
});

test("a fleet that the coordinator refuses: each problem with its place in the file", async () => {
  writeFileSync(
    join(cwd, "bad.toml"),
    FLEET.replace('profile = "small"', 'profile = "smal"').replace(
      "desired_counts = { running = 1 }\n",
      "desired_counts = { running = 1 }\nresources = { mem_mib = 64 }\n",
    ),
  );
  const { code, stderr, stdout } = await mvm("fleet apply bad.toml");
  assert.equal(stdout, "");
  assert.ok([2, 3].includes(code), stderr);
  assert.match(stderr, /\.\/bad\.toml:7:11: .*smal/);
  assert.equal(await json("fleet show", "version"), 1);
});

test("secrets: set from standard input or a file, listed without values", async () => {
  assert.equal((await mvm("secrets set acme model.key", { stdin: "sk-very-secret\n" })).code, 0);
  writeFileSync(join(cwd, "key.txt"), "sk-from-file\n");
  assert.match(
    (await mvm("secrets set acme model.key --from-file key.txt")).stdout,
    /^model\.key of acme is set \(secrets epoch \d+\)\n$/,
  );
  const listed = await mvm("secrets list acme");
  assert.match(listed.stdout, /model\.key +set +\d+ s +\d+ +/);
  assert.ok(!`${listed.stdout}${(await mvm("secrets list acme --json")).stdout}`.includes("sk-"));
  const empty = await mvm("secrets set acme model.key", { stdin: "\n" });
  assert.equal(empty.code, 2);
  assert.match(empty.stderr, /the value of 'model\.key' is empty \[MVM_SECRET_INVALID\]/);
});

test("audit: newest last, filtered, who asked is named", async () => {
  const { stdout } = await mvm("audit list --cause manual --limit 3");
  assert.match(stdout, /^TIME +OF +EVENT +CHANGE +CAUSE +BY +DETAIL\n/);
  assert.match(stdout, /manual +eve/);
  const time = async (index: number) =>
    String(await json("audit list --instance acme-worker-0", `records.${index}.entry.at`));
  assert.ok((await time(0)) <= (await time(1)));
});

test("the quickstart without root is refused with the command to run, exit 6", async () => {
  const { code, stderr } = await mvm("quickstart");
  assert.equal(code, 6);
  assert.match(stderr, /takes root \[MVM_HOST_NOT_ROOT\]\n {2}→ Run: sudo npm run quickstart\n$/);
});

test("destroy names what goes and asks; without a terminal it needs --yes", async () => {
  const unasked = await mvm("tenant destroy acme");
  assert.equal(unasked.code, 2);
  assert.match(
    unasked.stderr,
    /this erases tenant acme: 2 instances, their data, its network, secrets and key: nobody can be asked without a terminal \[MVM_USAGE\]\n {2}→ Say --yes\./,
  );
  const refused = await mvm("tenant destroy acme", { typed: "yes" });
  assert.equal(refused.code, 2);
  assert.match(
    refused.stderr,
    /This erases tenant acme: .* It can't be undone\.\n.*'yes' is not 'acme': nothing was erased/s,
  );
  assert.equal(await json("tenant show acme", "tenant.standing"), "present");
});

test("destroyed, an instance comes back empty while the counts want it", async () => {
  const volume = () => json("instance show acme-worker-0", "instance.volume_uuid");
  const before_ = await volume();
  const destroyed = await mvm("instance destroy acme-worker-0 --timeout 20s", { typed: "acme-worker-0" });
  assert.deepEqual([destroyed.code, destroyed.stdout], [0, "acme-worker-0 is erased\n"], destroyed.stderr);
  assert.notEqual(await volume(), before_);
});

test("a destroyed tenant is gone", async () => {
  const destroyed = await mvm("tenant destroy acme --yes --timeout 20s");
  assert.deepEqual([destroyed.code, destroyed.stdout], [0, "acme is erased\n"], destroyed.stderr);
  assert.match(
    destroyed.stderr,
    /note: a fleet file that still names acme makes it anew, empty, when it is applied\n$/,
  );
  assert.equal((await mvm("tenant show acme")).code, 4);
});
