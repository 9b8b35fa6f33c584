import assert from "node:assert/strict";
import { test } from "node:test";
import { negotiateVersion, spokenVersions } from "./version.ts";

const cases: readonly [name: string, ours: number, theirs: number, agreed: number | null][] = [
  ["the same version", 3, 3, 3],
  ["an older guest, one back", 3, 2, 2],
  ["a newer guest, one back", 2, 3, 2],
  ["a guest two older has nothing that we speak", 4, 2, null],
  ["a guest two newer neither", 2, 4, null],
  ["the first version has none before it", 1, 2, 1],
];

for (const [name, ours, theirs, agreed] of cases) {
  test(`version: ${name}`, () => {
    assert.equal(negotiateVersion(spokenVersions(ours), spokenVersions(theirs)), agreed);
  });
}
