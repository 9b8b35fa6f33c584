import assert from "node:assert/strict";
import { test } from "node:test";
import type { PendingDevice } from "./gateway-frames.ts";
import { decideAdmissions } from "./operator-admission.ts";

const stranger: PendingDevice = {
  requestId: "r1",
  deviceId: "d1",
  role: "operator",
  roles: ["operator"],
  scopes: ["operator.admin"],
  remoteIp: "10.64.1.1",
  isRepair: false,
};

const cases: readonly [name: string, device: Partial<PendingDevice>, paired: readonly string[], admit: boolean][] = [
  ["a new operator has shown the shared token", {}, [], true],
  ["another device is known", {}, ["d2"], true],
  ["a known device asks for more", {}, ["d1"], false],
  ["a repair of a known device", { isRepair: true }, [], false],
  ["the gateway does not say whether it is a repair", { isRepair: undefined }, [], false],
  ["a node", { role: "node", roles: ["node"] }, [], false],
  ["an operator that would be a node too", { roles: ["operator", "node"] }, [], false],
  ["a role that is not named", { role: undefined, roles: undefined }, [], false],
];

for (const [name, over, paired, admit] of cases) {
  test(`admission: ${name}: ${admit ? "yes" : "no"}`, () => {
    const device = { ...stranger, ...over };
    const [decision] = decideAdmissions({ pending: [device], paired: paired.map((deviceId) => ({ deviceId })) });
    assert.equal(decision?.admit, admit);
  });
}
