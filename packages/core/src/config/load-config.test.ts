import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import test, { after } from "node:test";
import { isMvmError } from "../errors/mvm-error.ts";
import { nodeFiles } from "../node/files.ts";
import { problemLine, problemsOf } from "../toml/problem.ts";
import { loadConfig } from "./load-config.ts";

const base = mkdtempSync(join(tmpdir(), "mvm-config-"));
after(() => rmSync(base, { recursive: true }));
let made = 0;

/** A new directory with these files. */
function tree(files: Readonly<Record<string, string>>): string {
  made += 1;
  const dir = join(base, String(made));
  mkdirSync(dir);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), text);
  }
  return dir;
}

const MINIMAL = 'schema_version = 1\n[node]\nname = "n1"\nmode = "development"\n';
const ROLE = 'description = "r"\nprofiles = ["small"]\n';
const PROFILE = 'description = "p"\nmin_mem_mib = 128\ndefaults = { vcpus = 1, mem_mib = 128, data_mib = 64 }\n';
const TYPES = `[microvms.roles.gateway]\n${ROLE}[microvms.profiles.small]\n${PROFILE}`;

function load(cwd: string, flag?: string, systemPath = join(base, "none", "mvm.toml")) {
  return loadConfig({ cwd, flag, files: nodeFiles, systemPath });
}

async function problems(text: string, more: Readonly<Record<string, string>> = {}): Promise<readonly string[]> {
  try {
    await load(tree({ "mvm.toml": text, ...more }));
  } catch (error) {
    assert.ok(isMvmError(error), String(error));
    return problemsOf(error).map(problemLine);
  }
  return [];
}

test("every combination of the three files: the first rule that applies decides", async (t) => {
  for (let bits = 0; bits < 8; bits += 1) {
    const [hasFlag, hasCurrent, hasSystem] = [bits & 1, bits & 2, bits & 4].map(Boolean);
    const named = (name: string): string => MINIMAL.replace("n1", name);
    const cwd = tree({
      ...(hasCurrent ? { "mvm.toml": named("current") } : {}),
      "other/x.toml": named("flag"),
      ...(hasSystem ? { "etc/mvm.toml": named("system") } : {}),
    });
    const expected = hasFlag ? "flag" : hasCurrent ? "current-directory" : hasSystem ? "system" : null;
    await t.test(`flag ${hasFlag}, current ${hasCurrent}, system ${hasSystem}: ${expected}`, async () => {
      const loading = load(cwd, hasFlag ? "other/x.toml" : undefined, join(cwd, "etc", "mvm.toml"));
      if (expected === null) {
        await assert.rejects(
          loading,
          (error) =>
            isMvmError(error, "MVM_CONFIG_NOT_FOUND") &&
            /--config PATH.*current directory.*\/etc\/mvm\/mvm\.toml/.test(error.remedy),
        );
        return;
      }
      const { rule, config } = await loading;
      assert.equal(rule, expected);
      assert.equal(config.node.name, expected === "current-directory" ? "current" : expected);
    });
  }
});

test("--config to a missing file is an error although ./mvm.toml exists", async () => {
  await assert.rejects(
    load(tree({ "mvm.toml": MINIMAL }), "x.toml"),
    (error) => isMvmError(error, "MVM_CONFIG_NOT_FOUND") && error.message.includes("x.toml"),
  );
});

test("without any of the three the quickstart's file is pointed at, not taken", async () => {
  const cwd = tree({ "quickstart/mvm.toml": MINIMAL });
  const pointsAtIt = (error: unknown): boolean =>
    isMvmError(error, "MVM_CONFIG_NOT_FOUND") && error.remedy.includes("--config quickstart/mvm.toml");
  await assert.rejects(load(cwd), pointsAtIt);
  await assert.rejects(load(cwd, "x.toml"), (error) => !pointsAtIt(error));
});

test("an unreadable ./mvm.toml is an error, never a reason to look further", async () => {
  const cwd = tree({ "mvm.toml/x": "", "etc/mvm.toml": MINIMAL });
  await assert.rejects(load(cwd, undefined, join(cwd, "etc", "mvm.toml")), (error) =>
    isMvmError(error, "MVM_CONFIG_UNREADABLE"),
  );
});

test("defaults are filled in and paths are relative to the file", async () => {
  const cwd = tree({
    "sub/mvm.toml": `${MINIMAL}state_dir = "state"\nruntime_dir = "../run"\n[images]\ndir = "img"\n`,
  });
  const { config, shownAs } = await load(cwd, "sub/mvm.toml");
  assert.equal(shownAs, "./sub/mvm.toml");
  assert.equal(config.node.state_dir, join(cwd, "sub/state"));
  assert.equal(config.images.dir, join(cwd, "sub/img"));
  assert.equal(config.coordinator.socket, join(cwd, "run/coordinator.sock"));
  assert.equal(config.node.parallel_starts, 2);
});

test("keys beside the state, whatever their names have in common, are fine", async () => {
  const cwd = tree({ "mvm.toml": `${MINIMAL}state_dir = "state"\nkeys_dir = "state.d/keys"\n` });
  assert.equal((await load(cwd)).config.node.keys_dir, join(cwd, "state.d/keys"));
});

test("through a symbolic link, paths are relative to where the link lies", async () => {
  const cwd = tree({ "real/mvm.toml": `${MINIMAL}state_dir = "state"\n`, "other/x": "" });
  symlinkSync(join(cwd, "real/mvm.toml"), join(cwd, "other/mvm.toml"));
  assert.equal((await load(join(cwd, "other"))).config.node.state_dir, join(cwd, "other/state"));
});

test("included tables are merged, their directories relative to the file that declares them", async () => {
  const cwd = tree({
    "mvm.toml": `${MINIMAL}[microvms]\ninclude = ["types/roles/*.toml", "types/*/profile.toml", "types/small/profile.toml"]\n`,
    "types/roles/gateway.toml": `[microvms.roles.gateway]\n${ROLE}`,
    "types/roles/readme.md": "not TOML",
    "types/small/profile.toml": `[microvms.profiles.small]\n${PROFILE}debian = { npm = ".", files = "files" }\n`,
  });
  const { microvms } = (await load(cwd)).config;
  assert.deepEqual(Object.keys(microvms.roles), ["gateway"]);
  const [small] = Object.values(microvms.profiles);
  assert.equal(small?.debian.npm, join(cwd, "types/small"));
  assert.equal(small.debian.files, join(cwd, "types/small/files"));
});

test("the meaning's hash ignores order, comments and spelled-out defaults, the bytes' hash does not", async () => {
  const cwd = tree({ "mvm.toml": MINIMAL });
  const before = await load(cwd);
  writeFileSync(
    join(cwd, "mvm.toml"),
    `# comment\n[node]\nmode = "development"\nname = "n1"\nparallel_starts = 2\n[images]\naccept = ["nix"]\n`.replace(
      "[node]",
      "schema_version = 1\n[node]",
    ),
  );
  const after_ = await load(cwd);
  assert.equal(after_.meaningHash, before.meaningHash);
  assert.notEqual(after_.bytesHash, before.bytesHash);
  writeFileSync(join(cwd, "mvm.toml"), MINIMAL.replace("n1", "n2"));
  assert.notEqual((await load(cwd)).meaningHash, before.meaningHash);
});

const bad: readonly {
  name: string;
  text: string;
  more?: Readonly<Record<string, string>>;
  lines: readonly string[];
}[] = [
  {
    name: "an empty file",
    text: "",
    lines: [
      "./mvm.toml:1:1: 'schema_version' is missing in the file: must be 1",
      "./mvm.toml:1:1: 'node' is missing in the file: a table is expected",
    ],
  },
  { name: "no TOML", text: "a = \n", lines: ["./mvm.toml:1:5: not TOML: invalid value"] },
  {
    name: "a key twice",
    text: `${MINIMAL}name = "n2"\n`,
    lines: ["./mvm.toml:5:1: not TOML: trying to redefine an already defined table or value"],
  },
  {
    name: "an unknown key near a known one",
    text: `${MINIMAL}stat_dir = "x"\n`,
    lines: ["./mvm.toml:5:1: unknown key 'stat_dir' in node; did you mean 'state_dir'?"],
  },
  {
    name: "an unknown key near nothing",
    text: `${MINIMAL}[images]\nzzz = 1\n`,
    lines: ["./mvm.toml:6:1: unknown key 'zzz' in images; known: dir, accept"],
  },
  {
    name: "an unknown section",
    text: `${MINIMAL}[nods]\n`,
    lines: ["./mvm.toml:5:2: unknown key 'nods' in the file; did you mean 'node'?"],
  },
  {
    name: "a wrong word",
    text: MINIMAL.replace("development", "devel0pment"),
    lines: [
      './mvm.toml:4:8: node.mode is "devel0pment": must be "production" or "development"; did you mean "development"?',
    ],
  },
  {
    name: "a wrong kind",
    text: MINIMAL.replace('"n1"', "7"),
    lines: ["./mvm.toml:3:8: node.name is 7: a string is expected"],
  },
  {
    name: "too little",
    text: `${MINIMAL}parallel_starts = 0\n`,
    lines: ["./mvm.toml:5:19: node.parallel_starts is 0: must be at least 1"],
  },
  {
    name: "a half",
    text: `${MINIMAL}parallel_starts = 1.5\n`,
    lines: ["./mvm.toml:5:19: node.parallel_starts is 1.5: an integer is expected"],
  },
  {
    name: "a list that is empty",
    text: `${MINIMAL}[images]\naccept = []\n`,
    lines: ["./mvm.toml:6:10: images.accept is []: must have at least 1 entry"],
  },
  {
    name: "several mistakes at once, cross-checks among them",
    text: `schema_version = 1\n[node]\nmode = "x"\n[network]\ncluster_cidr = "10.64.1.0/10"\nuplink_cidr = "10.96.0.0/16"\n[ingress]\nports = [9, 8]\n`,
    lines: [
      "./mvm.toml:2:2: 'name' is missing in node: a string is expected",
      './mvm.toml:3:8: node.mode is "x": must be "production" or "development"',
      "./mvm.toml:5:16: network.cluster_cidr is 10.64.1.0/10, which begins inside the range: write 10.64.0.0/10",
      "./mvm.toml:6:15: network.uplink_cidr 10.96.0.0/16 overlaps cluster_cidr 10.64.1.0/10",
      "./mvm.toml:8:9: ingress.ports is [9,8]: the first port must not be above the last",
    ],
  },
  {
    name: "a tenant that is larger than the cluster",
    text: `${MINIMAL}[network]\ncluster_cidr = "10.64.1.0/26"\n`,
    lines: [
      "./mvm.toml:5:2: network.tenant_prefix_length is 24: one tenant's /24 does not fit into cluster_cidr 10.64.1.0/26",
    ],
  },
  {
    name: "no room for an uplink",
    text: `${MINIMAL}[network]\nuplink_cidr = "100.64.0.0/31"\n`,
    lines: ["./mvm.toml:6:15: network.uplink_cidr is 100.64.0.0/31: it must hold one /30 at least"],
  },
  {
    name: "a directory too deep for sockets, beside a mistake in the same section",
    text: `${MINIMAL}runtime_dir = "/${"r".repeat(35)}"\nparallel_starts = 0\n`,
    lines: [
      `./mvm.toml:5:15: node.runtime_dir is "/${"r".repeat(35)}": it has 36 bytes, and at most 35 leave room`,
      "./mvm.toml:6:19: node.parallel_starts is 0: must be at least 1",
    ],
  },
  {
    name: "keys in the state",
    text: `${MINIMAL}state_dir = "state"\nkeys_dir = "./state/keys"\nparallel_starts = 0\n`,
    lines: [
      "./mvm.toml:6:12: node.keys_dir ./state/keys lies in state_dir state: a copy of the state would hold the keys to it; leave it out, which means state-keys",
      "./mvm.toml:7:19: node.parallel_starts is 0: must be at least 1",
    ],
  },
  {
    name: "keys in the state's default place",
    text: `${MINIMAL}keys_dir = "/var/lib/mvm"\n`,
    lines: ["./mvm.toml:5:12: node.keys_dir /var/lib/mvm lies in state_dir /var/lib/mvm: "],
  },
  {
    name: "a profile that is not declared",
    text: `${MINIMAL}${TYPES.replace('["small"]', '["smal"]')}`,
    lines: ["./mvm.toml:7:13: role 'gateway' names profile 'smal', which is not declared; did you mean 'small'?"],
  },
  {
    name: "a role that is not declared",
    text: `${MINIMAL}${TYPES.replace(ROLE, `${ROLE}starts_before = ["worker"]\n`)}`,
    lines: ["./mvm.toml:8:18: role 'gateway' names role 'worker', which is not declared; declared: gateway"],
  },
  {
    name: "a role before itself",
    text: `${MINIMAL}${TYPES.replace(ROLE, `${ROLE}starts_before = ["gateway"]\n`)}`,
    lines: ["./mvm.toml:8:18: role 'gateway' can't start before itself"],
  },
  {
    name: "roles in a circle",
    text: `${MINIMAL}${TYPES.replace(ROLE, `${ROLE}starts_before = ["worker"]\n[microvms.roles.worker]\n${ROLE}starts_before = ["gateway"]\n`)}`,
    lines: [
      "./mvm.toml:8:18: role 'gateway' can't start before 'worker', which starts before it",
      "./mvm.toml:12:18: role 'worker' can't start before 'gateway', which starts before it",
    ],
  },
  {
    name: "less memory than needed",
    text: `${MINIMAL}${TYPES.replace("mem_mib = 128,", "mem_mib = 100,")}`,
    lines: ["./mvm.toml:11:35: profile 'small' has 100 MiB by default but needs 128 (min_mem_mib)"],
  },
  {
    name: "a connector whose secret the profile may not see",
    text: `${MINIMAL}${TYPES}secrets = [{ name = "telegram.token" }]\nconnectors.telegram.requires_secrets = ["telegram.tokn"]\n`,
    lines: [
      "./mvm.toml:13:41: connector 'telegram' requires secret 'telegram.tokn', which profile 'small' may not see; did you mean 'telegram.token'?",
    ],
  },
  {
    name: "a secret twice",
    text: `${MINIMAL}${TYPES}secrets = [{ name = "a.b" }, { name = "a.b" }]\n`,
    lines: ["./mvm.toml:12:30: 'a.b' stands twice in secrets of profile 'small'"],
  },
  {
    name: "a drive both required and optional",
    text: `${MINIMAL}${TYPES.replace(ROLE, `${ROLE}required_drives = ["data"]\noptional_drives = ["data"]\n`)}`,
    lines: ["./mvm.toml:9:20: role 'gateway' requires drive 'data' already: it can't be optional too"],
  },
  {
    name: "a config drive that is to be left out",
    text: `${MINIMAL}${TYPES.replace(ROLE, `${ROLE}optional_drives = ["data", "config"]\n`)}`,
    lines: ["./mvm.toml:8:28: role 'gateway' can't have drive 'config' as an optional one: every instance has it"],
  },
  {
    name: "a bad name of a role",
    text: `${MINIMAL}[microvms.roles.Gateway]\n${ROLE}[microvms.profiles.small]\n${PROFILE}`,
    lines: [
      "./mvm.toml:5:17: 'Gateway' is no good name: a role or profile name is 1 to 40 lower-case letters, digits and '-', beginning with a letter",
    ],
  },
  {
    name: "an include that matches nothing",
    text: `${MINIMAL}[microvms]\ninclude = ["x/*.toml", "y.toml"]\n`,
    lines: ["./mvm.toml:6:12: 'x/*.toml' matches no file", "./mvm.toml:6:24: 'y.toml' names a missing file: ./y.toml"],
  },
  {
    name: "mistakes in included files, each in its own",
    text: `${MINIMAL}[microvms]\ninclude = ["a.toml", "b.toml", "c.toml"]\n`,
    more: {
      "a.toml": `[microvms.roles.gateway]\n${ROLE}drives = 1\n`,
      "b.toml": "[microvms\n",
      "c.toml": `[node]\nname = "x"\n[microvms]\n`,
    },
    lines: [
      "./a.toml:4:1: unknown key 'drives' in microvms.roles.gateway; known: description,",
      "./b.toml:1:10: not TOML",
      "./c.toml:1:2: unknown key 'node' in the file; known: microvms",
    ],
  },
  {
    name: "a role in two files",
    text: `${MINIMAL}[microvms]\ninclude = ["a.toml"]\n${TYPES}`,
    more: { "a.toml": `\n[microvms.roles.gateway]\n${ROLE}` },
    lines: ["./a.toml:2:17: role 'gateway' is declared already at ./mvm.toml:7:17"],
  },
];

for (const { name, text, more, lines } of bad) {
  test(`refused: ${name}`, async () => {
    const found = await problems(text, more);
    assert.equal(found.length, lines.length, found.join("\n"));
    found.forEach((line, index) =>
      assert.ok(line.startsWith(lines[index] ?? "?"), `${line}\n  instead of\n${lines[index]}`),
    );
  });
}
