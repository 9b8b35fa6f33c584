/** A host that runs out of something: said with what is missing, nothing held meanwhile, mended by itself. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { InstanceId } from "@mvm/core";
import { FakeNode, singlePoolSpec, testNodeSpec } from "@mvm/testing";

const SINGLE = InstanceId.parse("acme-vm-0");
const MIB = 1024 * 1024;

describe("a journal that can't be written", () => {
  it("is told as what it is, with its tries and since when, and holds no port", async () => {
    const node = new FakeNode();
    node.startAgent();
    node.takeSpec(singlePoolSpec({ ingressPort: 18_800 }));
    node.process.refusesWrites = true;
    assert.ok(await node.until(() => (node.instance(SINGLE).condition?.attempts ?? 0) > 2));
    const { condition, state } = node.instance(SINGLE);
    assert.deepEqual([condition?.code, condition?.message, state], ["MVM_STORE_FAILED", "the disk is full", "stopped"]);
    const { reported_at: now } = node.agent.status();
    assert.ok((condition?.since ?? now) < now && (condition?.retry_at ?? now) > now);
    assert.deepEqual(node.openPorts(), [], "what the look took is given back");

    node.process.refusesWrites = false;
    assert.ok(await node.converged());
    assert.deepEqual(node.openPorts(), [18_800]);
  });
});

describe("a start that is not wanted any more while the host is looked at", () => {
  it("gives the ingress port back", async () => {
    const node = new FakeNode();
    node.machine.imageCheckMs = 5_000;
    node.startAgent();
    node.takeSpec(singlePoolSpec({ ingressPort: 18_800 }));
    await node.until(() => false, 1_000);
    node.takeSpec(singlePoolSpec({ ingressPort: 18_800, wanted: ["stopped"] }, 2));
    assert.ok(await node.converged());
    assert.deepEqual(node.openPorts(), []);
    assert.deepEqual(node.journal().records(), []);
  });
});

describe("a disk without room", () => {
  it("is a refusal that says how much is missing, until there is room", async () => {
    const node = new FakeNode();
    // 64 MiB of data, 256 MiB of memory, 256 MiB of margin.
    node.machine.files.free = 576 * MIB - 1;
    node.startAgent();
    node.takeSpec(singlePoolSpec());
    assert.ok(await node.until(() => node.instance(SINGLE).refusal !== null));
    const { refusal } = node.instance(SINGLE);
    assert.deepEqual([refusal?.rule, refusal?.code], ["safety", "MVM_HOST_DISK_FULL"]);
    assert.match(refusal?.message ?? "", /may come to fill 576 MiB of .*, which has 575 MiB free: 1 MiB are missing/);
    node.machine.files.free += 1;
    assert.ok(await node.converged());
  });

  it("stops a VM in the middle: its instance says so as long as it lasts", async () => {
    const node = await FakeNode.started(singlePoolSpec());
    assert.ok(await node.until(() => node.isReady(SINGLE)));
    node.machine.diskFailed.add(SINGLE);
    assert.ok(await node.until(() => node.instance(SINGLE).condition !== null));
    const { condition, state } = node.instance(SINGLE);
    assert.deepEqual([state, condition?.code, condition?.retry_at], ["running", "MVM_VM_DRIVER", null]);
    assert.match(condition?.message ?? "", /the host's disk is full/);
    node.machine.diskFailed.clear();
    assert.ok(await node.until(() => node.instance(SINGLE).condition === null));
  });
});

describe("memory", () => {
  it("is given to guests together with what their VMMs take", async () => {
    const node = new FakeNode({ settings: { guestMemMib: 1000 } });
    node.machine.memOverhead = { fixed_mib: 100, share: 0.5, least_mib: 0, most_mib: 1024 };
    node.startAgent();
    node.takeSpec(testNodeSpec({ tenants: { acme: { vm: { wanted: ["running", "running", "running"] } } } }));
    assert.ok(await node.until(() => node.instance("acme-vm-2").refusal !== null && node.isReady("acme-vm-1")));
    assert.match(
      node.instance("acme-vm-2").refusal?.message ?? "",
      /needs 484 MiB \(256 and 228 for its VMM\), 32 of 1000 MiB for guests are free/,
    );
    assert.equal(node.agent.status().capacity.allocated_mem_mib, 2 * 484);
  });
});

describe("a uid", () => {
  it("is not leased again while a file of it is left", async () => {
    const node = await FakeNode.started(singlePoolSpec());
    const { uid } = node.instance(SINGLE);
    const { files } = node.machine;
    const owned = `${node.settings.stateDir}/instances/${SINGLE}`;
    assert.equal(
      (await files.stat(`${owned}/config.img`))?.uid,
      0,
      "drives are root's: a VMM gets them opened or linked",
    );
    node.takeSpec(singlePoolSpec({ wanted: ["stopped"] }, 2));
    assert.ok(await node.converged());
    assert.equal(await files.stat(`${owned}/config.img`), null, "a stop leaves no drive but the data");

    await files.writeAtomic(`${owned}/left`, "", { uid: uid ?? 0 });
    node.takeSpec(singlePoolSpec({ wanted: ["stopped", "running"] }, 3));
    assert.ok(await node.converged());
    assert.equal(node.instance("acme-vm-1").uid, (uid ?? 0) + 1);
  });

  it("is not leased again while a jail of it is left, by a file that is its own or by one that is its group's", async () => {
    const node = new FakeNode();
    const { files } = node.machine;
    const [first] = node.settings.uidRange;
    const jails = `${node.settings.stateDir}/jails/firecracker`;
    const left = { tun: `${jails}/gone-vm-0/root/dev/net`, link: `${jails}/gone-vm-1/root` };
    await files.ensureDir(left.tun);
    await files.writeAtomic(`${left.tun}/tun`, "", { uid: first });
    await files.ensureDir(left.link);
    await files.writeAtomic(`${left.link}/config`, "", { gid: first + 1 });
    node.startAgent();
    node.takeSpec(singlePoolSpec());
    assert.ok(await node.converged());
    assert.equal(node.instance(SINGLE).uid, first + 2);
  });
});
