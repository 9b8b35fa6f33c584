/** The real program as a child process: what it prints where, and how it ends. No server runs. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import test, { after } from "node:test";
import { jsonAt } from "@mvm/testing";

const cwd = realpathSync(mkdtempSync(join(tmpdir(), "mvm-cli-")));
after(() => rmSync(cwd, { recursive: true }));

const GOOD =
  'schema_version = 1\nimages = { dir = "images" }\n[node]\nname = "n1"\nmode = "development"\nstate_dir = "state"\nruntime_dir = "run"\n';
const FLEET = 'schema_version = 1\n[[tenants]]\ntenant_id = "acme"\npools = []\n';
const files: Readonly<Record<string, string>> = {
  "good.toml": GOOD,
  "typo.toml": GOOD.replace("mode", "mod"),
  "two.toml": `${GOOD}parallel_starts = 0\n[imges]\n`,
  "broken.toml": "[node\n",
  "here/mvm.toml": GOOD,
  "fleet.toml": FLEET,
  "fleet-typo.toml": FLEET.replace("pools", "pool"),
  "fleet-address.toml": `${FLEET}ipv4_subnet = "10.64.1.0/24"\n`,
};
for (const [name, text] of Object.entries(files)) {
  mkdirSync(dirname(join(cwd, name)), { recursive: true });
  writeFileSync(join(cwd, name), text);
}

/** Every child compiles the same files. */
const env = { ...process.env, NODE_COMPILE_CACHE: join(cwd, "compile-cache"), NO_COLOR: "1" };

interface Transcript {
  readonly command: string;
  readonly in?: string;
  readonly exit: number;
  /** Lines of standard output; absent: anything. */
  readonly stdout?: readonly (string | RegExp)[];
  /** Lines of standard error, all of them. */
  readonly stderr?: readonly (string | RegExp)[];
}

const THREE_WAYS =
  "  → One of three ways names the file, in this order: --config PATH; mvm.toml in the current directory; /etc/mvm/mvm.toml.";
const MEND = "  → Mend the named places.";
const AUDIT_HELP = "  → See mvm audit list --help.";
const INCLUDE =
  "Let [microvms] include in mvm.toml name the files microvms/roles/*.toml and microvms/profiles/*/profile.toml of the installation.";
const NO_TYPE = `no type is declared, so nothing can run. ${INCLUDE}`;
const CONFIG_LINE = /^config: \.\/good\.toml \(--config\) sha256:[0-9a-f]{12}$/;

const transcripts: readonly Transcript[] = [
  { command: "--version", exit: 0, stdout: [/^\d+\.\d+\.\d+$/], stderr: [] },
  { command: "", exit: 0, stderr: [] },
  { command: "--config none.toml", exit: 0, stderr: [] },
  { command: "help instance start", exit: 0, stderr: [] },
  {
    command: "--config none.toml help instnce",
    exit: 2,
    stdout: [],
    stderr: ["error: unknown command 'instnce'; did you mean instance? [MVM_USAGE]", "  → See mvm --help."],
  },
  {
    command: "help instance bogus",
    exit: 2,
    stdout: [],
    stderr: [
      "error: unknown command 'instance bogus'; there is: list, show, logs, start, stop, destroy [MVM_USAGE]",
      "  → See mvm instance --help.",
    ],
  },
  {
    command: "help instance start now",
    exit: 2,
    stdout: [],
    stderr: [
      "error: 'instance start' has no commands of its own: 'now' is too much [MVM_USAGE]",
      "  → See mvm instance start --help.",
    ],
  },
  {
    command: "instance",
    exit: 2,
    stdout: [],
    stderr: [
      "error: say what to do with instance: list, show, logs, start, stop, destroy [MVM_USAGE]",
      "  → See mvm instance --help.",
    ],
  },
  {
    command: "instnce list",
    exit: 2,
    stdout: [],
    stderr: ["error: unknown command 'instnce'; did you mean instance? [MVM_USAGE]", "  → See mvm --help."],
  },
  {
    command: "instance list --jsn",
    exit: 2,
    stdout: [],
    stderr: ["error: unknown option '--jsn'; did you mean --json? [MVM_USAGE]", "  → See mvm instance list --help."],
  },
  {
    command: "instance start",
    exit: 2,
    stdout: [],
    stderr: ["error: missing required argument 'instance' [MVM_USAGE]", "  → See mvm instance start --help."],
  },
  {
    command: "instance list a b",
    exit: 2,
    stdout: [],
    stderr: [/^error: too many arguments.* \[MVM_USAGE\]$/, "  → See mvm instance list --help."],
  },
  {
    command: "instance stop acme-gw-0 --timeout soon --config good.toml",
    exit: 2,
    stdout: [],
    stderr: [
      CONFIG_LINE,
      "error: --timeout is 'soon': a duration such as 90s, 5m or 2h is expected, a day at most [MVM_USAGE]",
      "  → See mvm instance stop --help.",
    ],
  },
  {
    command: "audit list --cause boredom --config good.toml",
    exit: 2,
    stdout: [],
    stderr: [CONFIG_LINE, /^error: --cause is 'boredom': one of manual, .* is expected \[MVM_USAGE\]$/, AUDIT_HELP],
  },
  {
    command: "audit list --since yesterday --config good.toml",
    exit: 2,
    stdout: [],
    stderr: [
      CONFIG_LINE,
      "error: --since is 'yesterday': a date or a time in UTC such as 2026-11-21 or 2026-11-21T14:30:00Z is expected [MVM_USAGE]",
      AUDIT_HELP,
    ],
  },
  {
    command: "audit list --until 2026-11-21 --config good.toml",
    exit: 5,
    stdout: [],
    stderr: [CONFIG_LINE, /has no server behind it/, /because:/, /→ Start it/],
  },
  {
    command: "config validate --config good.toml",
    exit: 0,
    stdout: ["./good.toml is valid: 0 roles, 0 profiles"],
    stderr: [CONFIG_LINE, NO_TYPE],
  },
  {
    command: "--config good.toml config validate",
    exit: 0,
    stdout: ["./good.toml is valid: 0 roles, 0 profiles"],
    stderr: [CONFIG_LINE, NO_TYPE],
  },
  {
    command: "config validate",
    in: "here",
    exit: 0,
    stdout: ["./mvm.toml is valid: 0 roles, 0 profiles"],
    stderr: [/^config: \.\/mvm\.toml \(current directory\) sha256:[0-9a-f]{12}$/, NO_TYPE],
  },
  {
    command: "--quiet node check",
    exit: 2,
    stdout: [],
    stderr: [/^error: no configuration file/, THREE_WAYS],
  },
  {
    command: "--quiet agent run",
    exit: 2,
    stdout: [],
    stderr: ["error: --quiet means nothing to 'agent run' [MVM_USAGE]", "  → See mvm agent run --help."],
  },
  {
    command: "config validate",
    exit: 2,
    stdout: [],
    stderr: [
      `error: no configuration file: neither ${cwd}/mvm.toml nor /etc/mvm/mvm.toml exists and --config was not given [MVM_CONFIG_NOT_FOUND]`,
      THREE_WAYS,
    ],
  },
  {
    command: "config validate --config none.toml",
    in: "here",
    exit: 2,
    stdout: [],
    stderr: [
      `error: no configuration file at ${cwd}/here/none.toml, which --config names [MVM_CONFIG_NOT_FOUND]`,
      THREE_WAYS,
    ],
  },
  {
    command: "config validate --config .",
    exit: 2,
    stdout: [],
    stderr: [
      `error: can't read ${cwd}: it is a directory [MVM_CONFIG_UNREADABLE]`,
      "  → Make it a readable UTF-8 file below 1 MiB.",
    ],
  },
  {
    command: "config validate --config broken.toml",
    exit: 2,
    stdout: [],
    stderr: [/^error: \.\/broken\.toml:1:6: not TOML: .* \[MVM_CONFIG_SYNTAX\]$/, MEND.replace("places", "place")],
  },
  {
    command: "config validate --config typo.toml",
    exit: 2,
    stdout: [],
    stderr: [
      "error: 2 problems [MVM_CONFIG_INVALID]",
      /^ {2}\.\/typo\.toml:3:2: 'mode' is missing in node: must be "production" or "development"$/,
      "  ./typo.toml:5:1: unknown key 'mod' in node; did you mean 'mode'?",
      MEND,
    ],
  },
  {
    command: "node status --config two.toml",
    exit: 2,
    stdout: [],
    stderr: [
      "error: 2 problems [MVM_CONFIG_INVALID]",
      "  ./two.toml:8:19: node.parallel_starts is 0: must be at least 1",
      "  ./two.toml:9:2: unknown key 'imges' in the file; did you mean 'images'?",
      MEND,
    ],
  },
  {
    command: "fleet plan fleet-typo.toml --config good.toml",
    exit: 2,
    stdout: [],
    stderr: [
      CONFIG_LINE,
      "error: 2 problems [MVM_CONFIG_INVALID]",
      "  ./fleet-typo.toml:2:3: 'pools' is missing in tenants[0]: an array is expected",
      "  ./fleet-typo.toml:4:1: unknown key 'pool' in tenants[0]; did you mean 'pools'?",
      MEND,
    ],
  },
  {
    command: "fleet apply fleet-address.toml --config good.toml",
    exit: 2,
    stdout: [],
    stderr: [
      CONFIG_LINE,
      "error: ./fleet-address.toml:5:1: 'ipv4_subnet' can't be given by hand: the coordinator alone allocates networks and addresses; remove the line [MVM_CONFIG_INVALID]",
      MEND,
    ],
  },
  {
    command: "fleet apply none.toml --config good.toml",
    exit: 2,
    stdout: [],
    stderr: [
      CONFIG_LINE,
      `error: no fleet file at ${cwd}/none.toml [MVM_CONFIG_NOT_FOUND]`,
      "  → Give the path of the fleet file.",
    ],
  },
  {
    command: "instance list --config good.toml",
    exit: 5,
    stdout: [],
    stderr: [
      CONFIG_LINE,
      `error: the socket ${cwd}/run/coordinator.sock has no server behind it [MVM_API_UNAVAILABLE]`,
      /because: connect ENOENT/,
      /→ Start it \(systemctl start mvm-coordinator mvm-agent; without units mvm coordinator run/,
    ],
  },
  {
    command: "secrets set acme model.key --from-file none --config good.toml",
    exit: 2,
    stdout: [],
    stderr: [CONFIG_LINE, "error: no file none [MVM_SECRET_INVALID]", "  → Check the path of --from-file."],
  },
  {
    command: "image list --config good.toml",
    exit: 0,
    stdout: [`no images in ${cwd}/images`],
    stderr: [CONFIG_LINE],
  },
  {
    command: "image show 0123 --config good.toml",
    exit: 4,
    stdout: [],
    stderr: [
      CONFIG_LINE,
      "error: no image '0123': a revision is 16 hexadecimal digits [MVM_IMAGE_NOT_FOUND]",
      "  → See mvm image list.",
    ],
  },
  {
    command: "image build gateway minimal --config good.toml",
    exit: 2,
    stdout: [],
    stderr: [
      CONFIG_LINE,
      "error: no role 'gateway' is declared [MVM_TYPE_UNKNOWN]",
      `  → No type is declared. ${INCLUDE}`,
    ],
  },
  {
    command: "image verify --config good.toml",
    exit: 0,
    stdout: ["as built: nothing, there are no images"],
    stderr: [CONFIG_LINE],
  },
  {
    command: "instance logs acme-gw-0 --config good.toml",
    exit: 5,
    stdout: [],
    stderr: [
      CONFIG_LINE,
      `error: the socket ${cwd}/run/agent.sock has no server behind it [MVM_API_UNAVAILABLE]`,
      /because: connect ENOENT/,
      /→ Start it/,
    ],
  },
  {
    command: "instance logs acme-gw-0 --follow --json --config good.toml",
    exit: 2,
    stdout: [],
    stderr: [CONFIG_LINE, /"code":"MVM_USAGE"/],
  },
  {
    command: "quickstart --purge",
    exit: 2,
    stdout: [],
    stderr: ["error: --purge goes with --down only [MVM_USAGE]", "  → See mvm quickstart --help."],
  },
];

function run(
  command: string,
  dir = ".",
): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
  const argv = [join(import.meta.dirname, "main.ts"), ...command.split(" ").filter((word) => word !== "")];
  return spawnSync(process.execPath, argv, { cwd: join(cwd, dir), encoding: "utf8", input: "", env, timeout: 60_000 });
}

function assertLines(text: string, expected: readonly (string | RegExp)[]): void {
  const lines = text === "" ? [] : text.replace(/\n$/, "").split("\n");
  assert.equal(lines.length, expected.length, text);
  lines.forEach((line, index) => {
    const wanted = expected[index] ?? "";
    if (typeof wanted === "string") assert.equal(line, wanted);
    else assert.match(line, wanted);
  });
}

test("flags without a command show the help, as no word at all does", () => {
  assert.equal(run("--config none.toml").stdout, run("").stdout);
  assert.equal(run("help").stdout, run("").stdout);
});

for (const transcript of transcripts) {
  test(`mvm ${transcript.command}${transcript.in === undefined ? "" : ` (in ${transcript.in})`}`, () => {
    const { status, stdout, stderr } = run(transcript.command, transcript.in);
    if (transcript.stderr !== undefined) assertLines(stderr, transcript.stderr);
    if (transcript.stdout !== undefined) assertLines(stdout, transcript.stdout);
    assert.equal(status, transcript.exit);
  });
}

test("with --json an error is the one JSON document on standard error, beside the config's line", () => {
  const { status, stdout, stderr } = run("instance list --json --config good.toml");
  const [configLine = "", document = "", ...rest] = stderr.trimEnd().split("\n");
  assert.match(configLine, CONFIG_LINE);
  assert.deepEqual(rest, []);
  assert.equal(jsonAt(document, "code"), "MVM_API_UNAVAILABLE");
  assert.equal(jsonAt(document, "details.config.rule"), "flag");
  assert.equal(jsonAt(document, "details.config.path"), join(cwd, "good.toml"));
  assert.equal(stdout, "");
  assert.equal(status, 5);
});

test("with --json a result is the one JSON document on standard output, the config in it", () => {
  const { stdout, status } = run("config print-effective --json --config good.toml");
  assert.equal(jsonAt(stdout, "schema_version"), 1);
  assert.equal(jsonAt(stdout, "config.path"), join(cwd, "good.toml"));
  assert.match(String(jsonAt(stdout, "config.sha256")), /^[0-9a-f]{64}$/);
  assert.equal(jsonAt(stdout, "effective.node.state_dir"), join(cwd, "state"));
  assert.equal(jsonAt(stdout, "effective.node.keys_dir"), join(cwd, "state-keys"));
  assert.equal(jsonAt(stdout, "effective.coordinator.socket"), join(cwd, "run", "coordinator.sock"));
  assert.equal(status, 0);
});

test("what print-effective prints is a config with the same meaning", () => {
  writeFileSync(join(cwd, "again.toml"), run("config print-effective --config good.toml").stdout);
  const meaning = (file: string): unknown =>
    jsonAt(run(`config print-effective --json --config ${file}`).stdout, "config.meaning");
  assert.equal(meaning("again.toml"), meaning("good.toml"));
});
