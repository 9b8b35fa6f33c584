import assert from "node:assert/strict";
import { test } from "node:test";
import { restartReasons, type Making } from "./restart-reasons.ts";

const made: Making = {
  role: "gateway",
  profile: "small",
  type_hash: "one",
  revision: "1111111111111111",
  resources: { vcpus: 1, mem_mib: 256 },
};

const cases: readonly (readonly [string, Partial<Making>, readonly string[]])[] = [
  ["nothing differs", {}, []],
  ["another revision", { revision: "2222222222222222" }, ["revision 1111111111111111 → 2222222222222222"]],
  ["a type declared anew", { type_hash: "two" }, ["the type gateway/small is declared anew"]],
  ["another profile", { profile: "large", type_hash: "two" }, ["profile small → large"]],
  ["other memory", { resources: { vcpus: 1, mem_mib: 512 } }, ["memory 256 → 512 MiB"]],
  [
    "several at once",
    { type_hash: "two", resources: { vcpus: 2, mem_mib: 256 } },
    ["the type gateway/small is declared anew", "vCPUs 1 → 2"],
  ],
];
for (const [what, change, expected] of cases) {
  test(`a restart is for ${what}`, () => assert.deepEqual(restartReasons(made, { ...made, ...change }), expected));
}
