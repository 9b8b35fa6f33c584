import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { InstanceId, MvmError } from "@mvm/core";
import { createIngress, type ForwardTarget, type OpenForwarder } from "./ingress.ts";

const A = InstanceId.parse("acme-gw-0");
const B = InstanceId.parse("acme-gw-1");
const TARGET: ForwardTarget = { localAddress: "100.64.0.5", host: "10.64.1.10", port: 18_789 };
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined, child: () => silent };

/** Ports of a host: `taken` by others, `open` by the ingress, with what each would forward to. */
function hostPorts(...taken: number[]) {
  const foreign = new Set(taken);
  const open = new Map<number, () => ForwardTarget | null>();
  const opener: OpenForwarder = async (port, target) => {
    if (foreign.has(port) || open.has(port))
      throw new MvmError("MVM_INGRESS_PORT_TAKEN", { message: `port ${port} is in use` });
    open.set(port, target);
    return { close: async () => void open.delete(port) };
  };
  return { foreign, open, ingress: createIngress({ open: opener, log: silent }) };
}

describe("the ingress", () => {
  it("takes a port before there is anything to forward to, and forwards once there is", async () => {
    const { open, ingress } = hostPorts();
    await ingress.claim(A, 18_800);
    assert.equal(open.get(18_800)?.(), null);
    await ingress.sync(new Map([[A, { ingressPort: 18_800, target: TARGET }]]));
    assert.deepEqual(open.get(18_800)?.(), TARGET);
    await ingress.sync(new Map());
    assert.equal(open.get(18_800)?.(), null);
  });

  it("claims once however often it is asked, and moves with the port", async () => {
    const { open, ingress } = hostPorts();
    await ingress.claim(A, 18_800);
    await ingress.claim(A, 18_800);
    await ingress.claim(A, 18_801);
    assert.deepEqual([...open.keys()], [18_801]);
  });

  it("refuses a port that somebody else has, and can take it later", async () => {
    const { foreign, ingress } = hostPorts(18_800);
    await assert.rejects(ingress.claim(A, 18_800), /18800/);
    foreign.clear();
    await ingress.claim(A, 18_800);
  });

  it("tells of a running instance without its port, until it gets it", async () => {
    const { foreign, ingress } = hostPorts(18_800);
    const wanted = new Map([[A, { ingressPort: 18_800, target: TARGET }]]);
    await ingress.sync(wanted);
    assert.equal(ingress.problem(A)?.code, "MVM_INGRESS_PORT_TAKEN");
    foreign.clear();
    await ingress.sync(wanted);
    assert.equal(ingress.problem(A), null);
  });

  it("lets go of everything at its end", async () => {
    const { open, ingress } = hostPorts();
    await ingress.claim(A, 18_800);
    await ingress.claim(B, 18_801);
    await ingress.close();
    assert.equal(open.size, 0);
  });
});
