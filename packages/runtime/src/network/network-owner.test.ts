import assert from "node:assert/strict";
import { test } from "node:test";
import { exitCodeOf, isMvmError } from "@mvm/core";
import { decodeNamespaceLinks, type ObservedNamespace } from "./namespace-links.ts";
import { otherOwner, planOwnerMark, requireOwnNetwork } from "./network-owner.ts";

/** A namespace whose bridge bears this alias, as `ip -json -batch` prints. */
const namespace = (ifalias?: string): ObservedNamespace =>
  decodeNamespaceLinks(`${JSON.stringify([{ ifname: "br0", ifalias }])}\n[]\n[]\n`);
const here = (observed: ObservedNamespace) => ({ namespace: observed, hostUplinkExists: true });

test("a network is marked once, before which it is nobody's", () => {
  const mark = ["link set dev br0 alias mvm:/var/lib/mvm"];
  assert.deepEqual(planOwnerMark("/var/lib/mvm", { namespace: "absent", hostUplinkExists: false }), mark);
  assert.deepEqual(planOwnerMark("/var/lib/mvm", here(namespace())), mark);
  assert.deepEqual(planOwnerMark("/var/lib/mvm", here(namespace("mvm:/var/lib/mvm"))), []);
  for (const free of ["absent", "broken", namespace()] as const) assert.equal(otherOwner("/var/lib/mvm", free), null);
});

test("a network of another state directory is refused, and both are named", () => {
  const foreign = namespace("mvm:/srv/second");
  assert.equal(otherOwner("/srv/second", foreign), null);
  assert.throws(
    () => requireOwnNetwork("/var/lib/mvm", { namespace: "mvm-1" }, foreign),
    (error) => {
      assert.ok(isMvmError(error, "MVM_NET_PREFIX_TAKEN"));
      assert.equal(exitCodeOf(error), 3);
      for (const name of ["mvm-1", "/srv/second", "/var/lib/mvm"]) assert.ok(error.message.includes(name));
      return true;
    },
  );
});

test("a mark is one word for ip -batch, whatever the path holds, and known again", () => {
  const owner = "/srv/a b'c\"d#e\\f\ng";
  const [line = ""] = planOwnerMark(owner, here(namespace()));
  const alias = line.slice("link set dev br0 alias ".length);
  assert.match(alias, /^[^\s'"#\\]+$/);
  assert.equal(otherOwner(owner, namespace(alias)), null);
  assert.notEqual(otherOwner("/srv/a", namespace(alias)), null);
});
