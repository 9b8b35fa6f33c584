import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { InstanceId, TenantId } from "@mvm/core";
import { planIntroductions, type PairingCandidate } from "./pairing-plan.ts";

const GATEWAY = "openclaw.gateway";
const NODE = "openclaw.node";

function candidate(
  id: string,
  handler: string,
  change: Partial<Pick<PairingCandidate["handlers"][number], "ready" | "needs">> & {
    readonly declared?: readonly string[];
  } = {},
): PairingCandidate {
  const { declared = [handler], ready = true, needs = [] } = change;
  return {
    id: InstanceId.parse(id),
    tenant: TenantId.parse(id.slice(0, id.indexOf("-"))),
    declared,
    handlers: [{ name: handler, ready, needs }],
  };
}

const worker = candidate("acme-wk-0", NODE, { ready: false, needs: ["pairing"] });
const introduced = (candidates: readonly PairingCandidate[]): string =>
  planIntroductions(candidates)
    .map(({ worker: to, gateway }) => `${gateway}>${to}`)
    .join();

describe("who is introduced to whom", () => {
  const cases: readonly {
    readonly says: string;
    readonly candidates: readonly PairingCandidate[];
    readonly expected: string;
  }[] = [
    {
      says: "a needy worker to its tenant's ready gateway",
      candidates: [worker, candidate("acme-gw-0", GATEWAY)],
      expected: "acme-gw-0>acme-wk-0",
    },
    { says: "never to another tenant's gateway", candidates: [worker, candidate("other-gw-0", GATEWAY)], expected: "" },
    {
      says: "not before the gateway is ready",
      candidates: [worker, candidate("acme-gw-0", GATEWAY, { ready: false })],
      expected: "",
    },
    {
      says: "to the lowest number of several",
      candidates: [candidate("acme-gw-1", GATEWAY), worker, candidate("acme-gw-0", GATEWAY)],
      expected: "acme-gw-0>acme-wk-0",
    },
    {
      says: "to no other while that one, which the worker's configuration names, is not ready",
      candidates: [candidate("acme-gw-1", GATEWAY), worker, candidate("acme-gw-0", GATEWAY, { ready: false })],
      expected: "",
    },
    {
      says: "to no other while nothing is heard of that one",
      candidates: [candidate("acme-gw-1", GATEWAY), worker, { ...candidate("acme-gw-0", GATEWAY), handlers: [] }],
      expected: "",
    },
    {
      says: "nobody who needs nothing",
      candidates: [candidate("acme-wk-0", NODE), candidate("acme-gw-0", GATEWAY)],
      expected: "",
    },
    {
      says: "not on a guest's word for a handler that its type does not declare",
      candidates: [{ ...worker, declared: [] }, candidate("acme-gw-0", GATEWAY)],
      expected: "",
    },
    {
      says: "not by a guest that only says it is a gateway",
      candidates: [worker, candidate("acme-wk-1", GATEWAY, { declared: [NODE] })],
      expected: "",
    },
  ];
  for (const { says, candidates, expected } of cases) it(says, () => assert.equal(introduced(candidates), expected));
});
