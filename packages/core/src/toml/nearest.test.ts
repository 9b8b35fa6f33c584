import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { nearestName } from "./nearest.ts";

const known = ["gateway", "worker", "minimal", "openclaw-gateway", "mem_mib"];

for (const [typed, meant] of [
  ["gatewya", "gateway"],
  ["Worker", "worker"],
  ["minimul", "minimal"],
  ["openclaw-gatway", "openclaw-gateway"],
  ["memmib", "mem_mib"],
] as const) {
  test(`'${typed}' suggests '${meant}'`, () => assert.equal(nearestName(typed, known), meant));
}

for (const typed of ["zebra", "x", "", "w".repeat(200)]) {
  test(`'${typed.slice(0, 10)}' suggests nothing`, () => assert.equal(nearestName(typed, known), null));
}

test("a known name suggests itself, whatever else is known", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ minLength: 1, maxLength: 20 }), { minLength: 1 }), fc.nat(), (names, seed) => {
      const name = names[seed % names.length] ?? "";
      assert.equal(nearestName(name, names)?.toLowerCase(), name.toLowerCase());
    }),
  );
});
