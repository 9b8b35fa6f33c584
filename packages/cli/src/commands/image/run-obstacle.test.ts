import assert from "node:assert/strict";
import test from "node:test";
import { runObstacle } from "./run-obstacle.ts";

test("an image of a kind that the config accepts may run", () => {
  assert.equal(runObstacle({ kind: "debian" }, ["nix", "debian"]), null);
});

test("of another kind it is said what it is, what is accepted, and what mends it", () => {
  const words = runObstacle({ kind: "debian" }, ["nix"]) ?? "";
  assert.match(words, /kind 'debian'.* holds only nix\. .*add 'debian' there and restart both servers/);
});
