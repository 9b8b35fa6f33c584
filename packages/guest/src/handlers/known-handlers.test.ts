import assert from "node:assert/strict";
import { test } from "node:test";
import { InstanceId } from "@mvm/core";
import { offerMaker, type PairingPeer } from "./known-handlers.ts";

const peer = (id: string, ...handlers: readonly string[]): PairingPeer => ({
  instance_id: InstanceId.parse(id),
  type: { guest_handlers: handlers },
});
const worker = peer("acme-wk-0", "openclaw.node");
const gateway = (number: number): PairingPeer => peer(`acme-gw-${number}`, "openclaw.gateway");

const cases: readonly [says: string, handler: string, peers: readonly PairingPeer[], maker: string | undefined][] = [
  ["a worker takes its gateway's offers", "openclaw.node", [worker, gateway(0)], "acme-gw-0"],
  ["of several gateways the same one in any order", "openclaw.node", [gateway(2), gateway(1), worker], "acme-gw-1"],
  ["a gateway takes nobody's", "openclaw.gateway", [worker, gateway(1)], undefined],
  ["there may be none", "openclaw.node", [worker], undefined],
  ["an unknown handler takes nobody's", "constructor", [worker, gateway(0)], undefined],
];
for (const [says, handler, peers, maker] of cases) {
  test(`pairing: ${says}`, () => assert.equal(offerMaker(handler, peers)?.instance_id, maker));
}
