import assert from "node:assert/strict";
import { test } from "node:test";
import { ProfileDeclaration } from "@mvm/core";
import { imageInputHash, type SourceHashes } from "./image-inputs.ts";

const sources: SourceHashes = { base: "b", guestAgent: "g", npmProject: "n", files: null };
const declared = {
  description: "d",
  min_mem_mib: 256,
  defaults: { vcpus: 1, mem_mib: 512, data_mib: 256 },
  debian: { packages: ["git", "openssl"], npm: "/one/place", units: ["a.service"] },
  patches: [
    { reason: "because it must", package: "p", version: "1", files: "*", expect: "abcd", replace: "x", count: 1 },
  ],
  warm: { command: ["a"], ready_output: "up", runs: 1, timeout_seconds: 10, cache_from: "/a", cache_to: "/b" },
};
const hash = (profile: object = {}, other: Partial<SourceHashes> = {}, name = "p"): string =>
  imageInputHash(name, ProfileDeclaration.parse({ ...declared, ...profile }), { ...sources, ...other });

for (const [what, changed] of [
  ["the profile's name", hash({}, {}, "q")],
  ["a package", hash({ debian: { ...declared.debian, packages: ["git"] } })],
  ["a unit", hash({ debian: { ...declared.debian, units: [] } })],
  ["an allowed install script", hash({ debian: { ...declared.debian, npm_scripts: ["x"] } })],
  ["a patch", hash({ patches: [] })],
  ["the warm runs", hash({ warm: { ...declared.warm, runs: 2 } })],
  ["the base", hash({}, { base: "other" })],
  ["the guest agent", hash({}, { guestAgent: "other" })],
  ["the npm lock", hash({}, { npmProject: "other" })],
  ["the profile's files", hash({}, { files: "some" })],
] as const) {
  test(`${what} makes another image`, () => assert.notEqual(changed, hash()));
}

for (const [what, same] of [
  ["the order of packages", hash({ debian: { ...declared.debian, packages: ["openssl", "git", "git"] } })],
  ["where the profile lies", hash({ debian: { ...declared.debian, npm: "/another/place" } })],
  [
    "what the host alone sees",
    hash({ description: "e", ports: [{ name: "a", port: 1 }], min_mem_mib: 300, services: ["a.service"] }),
  ],
] as const) {
  test(`${what} makes no other image`, () => assert.equal(same, hash()));
}
