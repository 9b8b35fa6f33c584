import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import { isMvmError } from "../errors/mvm-error.ts";
import { nodeFiles } from "../node/files.ts";
import { problemLine, problemsOf } from "../toml/problem.ts";
import { loadFleet } from "./load-fleet.ts";

const cwd = mkdtempSync(join(tmpdir(), "mvm-fleet-"));
after(() => rmSync(cwd, { recursive: true }));

function load(text: string) {
  writeFileSync(join(cwd, "fleet.toml"), text);
  return loadFleet("fleet.toml", { cwd, files: nodeFiles });
}

const GOOD = `schema_version = 1

[[tenants]]
tenant_id = "acme"

[[tenants.pools]]
pool_id = "gw"
role = "gateway"
profile = "minimal"
desired_counts = { running = 1 }
resources = { mem_mib = 512 }
`;

test("a fleet is read with its defaults, and tells where things stand in it", async () => {
  const { fleet, locate, shownAs } = await load(GOOD);
  assert.equal(shownAs, "./fleet.toml");
  assert.equal(fleet.tenants[0]?.pools[0]?.revision, "latest");
  assert.deepEqual(fleet.tenants[0].egress, { policy: "deny" });
  assert.deepEqual(await locate("tenants[0].pools[0].resources.mem_mib"), { line: 11, column: 25 });
  assert.deepEqual(await locate("tenants[0].pools[0].revision"), { line: 6, column: 11 });
  assert.equal(await locate("tenants[0]..x"), null);
});

test("a missing fleet file is said with its path", async () => {
  await assert.rejects(
    loadFleet("none.toml", { cwd, files: nodeFiles }),
    (error) => isMvmError(error, "MVM_CONFIG_NOT_FOUND") && error.message.includes(join(cwd, "none.toml")),
  );
});

for (const key of ["ipv4_subnet", "tenant_net_id"]) {
  test(`'${key}' by hand: addresses come from the coordinator alone`, async () => {
    await assert.rejects(
      load(GOOD.replace('tenant_id = "acme"', `tenant_id = "acme"\n${key} = "10.64.1.0/24"`)),
      (error) => {
        assert.ok(isMvmError(error, "MVM_CONFIG_INVALID"));
        assert.equal(
          error.message,
          `./fleet.toml:5:1: '${key}' can't be given by hand: the coordinator alone allocates networks and addresses; remove the line`,
        );
        return true;
      },
    );
  });
}

for (const key of ["ipv4", "mac", "tap"]) {
  test(`'${key}' of a pool by hand: addresses come from the coordinator alone`, async () => {
    await assert.rejects(load(`${GOOD}${key} = "x"\n`), /\.\/fleet\.toml:12:1: .* can't be given by hand/);
  });
}

const bad: readonly { name: string; text: string; lines: readonly string[] }[] = [
  {
    name: "an unknown key",
    text: GOOD.replace("resources", "resourses"),
    lines: ["./fleet.toml:11:1: unknown key 'resourses' in tenants[0].pools[0]; did you mean 'resources'?"],
  },
  {
    name: "an unknown key inside a table",
    text: GOOD.replace("mem_mib", "memory"),
    lines: [
      "./fleet.toml:11:15: unknown key 'memory' in tenants[0].pools[0].resources; known: vcpus, mem_mib, data_mib",
    ],
  },
  {
    name: "a bad tenant id",
    text: GOOD.replace('"acme"', '"Acme Inc"'),
    lines: ['./fleet.toml:4:13: tenants[0].tenant_id is "Acme Inc": a tenant id is 1 to 31 lower-case letters'],
  },
  {
    name: "a wrong egress policy",
    text: GOOD.replace('tenant_id = "acme"', 'tenant_id = "acme"\negress = { policy = "allow" }'),
    lines: ['./fleet.toml:5:21: tenants[0].egress.policy is "allow": must be "deny" or "allow-list"'],
  },
  {
    name: "a bad address to allow",
    text: GOOD.replace(
      'tenant_id = "acme"',
      'tenant_id = "acme"\negress = { policy = "allow-list", allow = [{ cidr = "1.2.3.400", port = 1 }] }',
    ),
    lines: [
      './fleet.toml:5:53: tenants[0].egress.allow[0].cidr is "1.2.3.400": invalid IPv4 range, or invalid IPv4 address',
    ],
  },
  {
    name: "a missing pool list",
    text: 'schema_version = 1\n[[tenants]]\ntenant_id = "acme"\n',
    lines: ["./fleet.toml:2:3: 'pools' is missing in tenants[0]: an array is expected"],
  },
  {
    name: "an old schema",
    text: GOOD.replace("schema_version = 1", "schema_version = 0"),
    lines: ["./fleet.toml:1:18: schema_version is 0: must be 1"],
  },
];

for (const { name, text, lines } of bad) {
  test(`refused: ${name}`, async () => {
    await assert.rejects(load(text), (error) => {
      assert.ok(isMvmError(error, "MVM_CONFIG_INVALID"));
      const found = problemsOf(error).map(problemLine);
      assert.equal(found.length, lines.length, found.join("\n"));
      found.forEach((line, index) => assert.ok(line.startsWith(lines[index] ?? "?"), line));
      return true;
    });
  });
}

test("a tenant and a pool twice: both places are named", async () => {
  const pool = GOOD.slice(GOOD.indexOf("[[tenants.pools]]"));
  await assert.rejects(load(`${GOOD}${pool}${GOOD.slice(GOOD.indexOf("[[tenants]]"))}`), (error) => {
    assert.ok(isMvmError(error, "MVM_FLEET_DUPLICATE"));
    assert.deepEqual(problemsOf(error).map(problemLine), [
      "./fleet.toml:13:11: pool 'gw' of tenant 'acme' is declared already at line 7",
      "./fleet.toml:19:13: tenant 'acme' is declared already at line 4",
    ]);
    return true;
  });
});
