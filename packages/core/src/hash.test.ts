import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import * as z from "zod";
import { canonicalJson, hashOf, sha256, uuidFromHash } from "./hash.ts";

test("equal values have one canonical text whatever the order of their keys", () => {
  assert.equal(canonicalJson({ b: [1, { d: null, c: "x" }], a: undefined }), '{"b":[1,{"c":"x","d":null}]}');
  assert.equal(hashOf({ a: 1, b: 2 }), hashOf({ b: 2, a: 1 }));
});

test("a hash gives one valid UUID, another hash another", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (one, other) => {
      const uuid = uuidFromHash(sha256(one));
      assert.ok(z.uuid().safeParse(uuid).success, uuid);
      assert.equal(uuid === uuidFromHash(sha256(other)), one === other);
    }),
  );
});
