import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePrintedVersion, SUPPORTED_VERSIONS, versionFacts } from "./versions.ts";

test("what programs print is understood, and nothing else", () => {
  assert.equal(parsePrintedVersion("Firecracker", "Firecracker v1.15.1\n\nSupported snapshot data format\n"), "1.15.1");
  assert.equal(parsePrintedVersion("Jailer", "Jailer v1.17.0-dev\n"), "1.17.0-dev");
  assert.equal(parsePrintedVersion("Jailer", "Firecracker v1.15.1\n"), null);
  assert.equal(parsePrintedVersion("Firecracker", "Firecracker v1.15\n"), null);
});

test("versions whose warm VMs lose their guest channel are refused, and so is whatever nobody tried", () => {
  for (const [version, reason] of [
    ["1.16.0", /guest channel/],
    ["1.16.1", /guest channel/],
    ["1.14.9", /no security updates/],
    ["1.9.0", /no security updates/],
    ["1.16.2", /not tried/],
    ["1.18.0", /not tried/],
    ["unknown", /not tried/],
  ] as const) {
    const facts = versionFacts(version);
    assert.ok(!facts.supported && reason.test(facts.reason), version);
  }
});

test("a supported version keeps every promise; a development build says what it is", () => {
  const release = versionFacts(SUPPORTED_VERSIONS);
  assert.deepEqual(release.supported && release.relaxations, []);
  const development = versionFacts("1.17.0-dev");
  assert.ok(development.supported && development.relaxations.length === 1);
});
