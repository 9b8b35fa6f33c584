import assert from "node:assert/strict";
import test from "node:test";
import { placesOf } from "./places.ts";

const text = [
  "top = 1",
  "[node]",
  'name  = "a"',
  "range = [1, 22]",
  "[network.deep]",
  "x.y = { z = true }",
  "[[tenants]]",
  "[[tenants]]",
  "[[tenants.pools]]",
  '"quoted key" = 1',
].join("\n");

for (const [path, key, value] of [
  [["top"], [1, 1], [1, 7]],
  [["node"], [2, 2], [2, 2]],
  [
    ["node", "name"],
    [3, 1],
    [3, 9],
  ],
  [
    ["node", "range", 1],
    [4, 13],
    [4, 13],
  ],
  [["network"], [5, 2], [5, 2]],
  [
    ["network", "deep"],
    [5, 10],
    [5, 10],
  ],
  [
    ["network", "deep", "x"],
    [6, 1],
    [6, 1],
  ],
  [
    ["network", "deep", "x", "y"],
    [6, 3],
    [6, 7],
  ],
  [
    ["network", "deep", "x", "y", "z"],
    [6, 9],
    [6, 13],
  ],
  [["tenants"], [7, 3], [7, 3]],
  [
    ["tenants", 0],
    [7, 3],
    [7, 3],
  ],
  [
    ["tenants", 1],
    [8, 3],
    [8, 3],
  ],
  [
    ["tenants", 1, "pools", 0, "quoted key"],
    [10, 1],
    [10, 16],
  ],
] as const) {
  test(`place of ${path.join(".")}`, async () => {
    const place = (await placesOf(text)).get(path);
    assert.deepEqual([place?.key.line, place?.key.column], key);
    assert.deepEqual([place?.value.line, place?.value.column], value);
  });
}

test("what is missing is at the nearest entry above it", async () => {
  const places = await placesOf(text);
  assert.deepEqual(places.nearest(["node", "mode"]).key, { line: 2, column: 2 });
  assert.deepEqual(places.nearest(["nowhere", 3]).key, { line: 1, column: 1 });
});

test("a text that has no places puts everything at its start", async () => {
  assert.deepEqual((await placesOf("= = =")).nearest(["a"]).key, { line: 1, column: 1 });
});
