import assert from "node:assert/strict";
import test from "node:test";
import { isAsWanted } from "./servers.ts";

const wanted = { build: "abc", config: "/q/mvm.toml", meaning: "def" };

test("a server of the same program, config file and meaning stays", () => {
  assert.ok(isAsWanted(wanted, { ...wanted }));
});

for (const change of [{ build: "new" }, { config: "/r/mvm.toml" }, { meaning: "new" }]) {
  test(`a server is started anew after a change of its ${Object.keys(change).join()}`, () => {
    assert.ok(!isAsWanted(wanted, { ...wanted, ...change }));
  });
}
