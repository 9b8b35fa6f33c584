import assert from "node:assert/strict";
import test from "node:test";
import { MicrovmsTables } from "./declarations.ts";
import { resolveType } from "./resolved-type.ts";

function hashWith(port: object): string {
  const tables = MicrovmsTables.parse({
    roles: { gateway: { description: "g", profiles: ["small"] } },
    profiles: {
      small: { description: "s", ports: [port], min_mem_mib: 64, defaults: { vcpus: 1, mem_mib: 64, data_mib: 0 } },
    },
  });
  return resolveType(tables, "gateway", "small").type_hash;
}

test("a port's scheme is for people: it makes no other type, another number does", () => {
  const plain = hashWith({ name: "web", port: 80 });
  assert.equal(hashWith({ name: "web", port: 80, scheme: "http" }), plain);
  assert.notEqual(hashWith({ name: "web", port: 81 }), plain);
});
