import assert from "node:assert/strict";
import { test } from "node:test";
import { resolveType, RevisionId } from "@mvm/core";
import { catalogueImage, testTables } from "@mvm/testing";
import { pickRevision, type RevisionRequest } from "./pick-revision.ts";

const type = resolveType(testTables, "gateway", "large");
const old = RevisionId.parse("1".repeat(16));
const newer = RevisionId.parse("2".repeat(16));
const foreign = RevisionId.parse("3".repeat(16));
const forAnyRole = catalogueImage("large", "1".repeat(16));
const forGateway = catalogueImage("large", "2".repeat(16), { role: type.role });

function pick(change: Partial<RevisionRequest>) {
  return pickRevision({ type, wanted: "latest", images: [], acceptedKinds: ["debian"], ...change });
}

test("latest is the newest image for the profile that any role or this role may run", () => {
  assert.deepEqual(pick({ images: [forGateway, forAnyRole] }), { revision: newer });
  assert.deepEqual(pick({ images: [forAnyRole, forGateway] }), { revision: old });
  const forWorker = catalogueImage("large", "3".repeat(16), { role: resolveType(testTables, "worker", "small").role });
  assert.deepEqual(pick({ images: [forWorker, catalogueImage("small", "4".repeat(16)), forAnyRole] }), {
    revision: old,
  });
});

test("latest passes over kinds that are not accepted while there is another one", () => {
  const nix = catalogueImage("large", "3".repeat(16), { kind: "nix" });
  assert.deepEqual(pick({ images: [nix, forAnyRole] }), { revision: old });
  assert.deepEqual(pick({ images: [nix, forAnyRole], acceptedKinds: ["nix"] }), { revision: foreign });
});

const refusals: readonly (readonly [string, Partial<RevisionRequest>, string, RegExp])[] = [
  ["no image at all", { images: [catalogueImage("small", "4".repeat(16))] }, "MVM_IMAGE_NOT_FOUND", /gateway\/large/],
  [
    "none of an accepted kind",
    { images: [forAnyRole], acceptedKinds: ["nix"] },
    "MVM_IMAGE_NOT_ACCEPTED",
    /kind 'debian'; accepted: nix/,
  ],
  ["an unknown revision", { images: [forAnyRole], wanted: newer }, "MVM_IMAGE_NOT_FOUND", /2222222222222222/],
  [
    "a revision of another profile",
    { images: [catalogueImage("small", "2".repeat(16))], wanted: newer },
    "MVM_FLEET_INVALID",
    /an image for small, not for gateway\/large/,
  ],
  [
    "a revision of a kind that is not accepted",
    { images: [forGateway], wanted: newer, acceptedKinds: ["nix"] },
    "MVM_IMAGE_NOT_ACCEPTED",
    /debian/,
  ],
];
for (const [what, change, code, message] of refusals) {
  test(`refused by name: ${what}`, () => {
    const choice = pick(change);
    assert.ok(choice.revision === null);
    assert.equal(choice.code, code);
    assert.match(choice.message, message);
    assert.ok(choice.remedy.length > 0);
  });
}

test("a named revision is taken although a newer one exists", () => {
  assert.deepEqual(pick({ images: [forGateway, forAnyRole], wanted: RevisionId.parse("1".repeat(16)) }), {
    revision: old,
  });
});
