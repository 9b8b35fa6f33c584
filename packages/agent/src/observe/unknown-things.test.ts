import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FakeNode, singlePoolSpec } from "@mvm/testing";
import { nodePaths } from "../node-paths.ts";
import { unknownThings } from "./unknown-things.ts";

describe("things that nobody knows", () => {
  it("are directories and links with our names that the journal does not hold", async () => {
    const node = await FakeNode.started(singlePoolSpec());
    const paths = nodePaths(node.settings);
    const { files } = node.machine;
    const left = ["namespace mvm-acme", "interface mvmh1", "table inet mvm", "namespace mvm-gone"];
    const networks = { leftovers: async () => left };
    const volumes = { leftovers: async () => ["volume acme-vm-0", "volume gone-gw-0"] };
    const parts = { files, networks, volumes, journal: node.journal(), paths, namePrefix: "mvm" };
    assert.deepEqual(await unknownThings(parts), ["namespace mvm-gone", "volume gone-gw-0"]);
    await files.ensureDir(`${paths.instancesDir}/lost-vm-0`);
    await files.ensureDir(`${paths.jailsDir}/firecracker/lost-vm-1`);
    assert.deepEqual(await unknownThings(parts), [
      "directory /var/lib/mvm/instances/lost-vm-0",
      "directory /var/lib/mvm/jails/firecracker/lost-vm-1",
      "namespace mvm-gone",
      "volume gone-gw-0",
    ]);
  });

  it("include the host's table once no instance has a network", async () => {
    const node = new FakeNode();
    node.startAgent();
    const parts = {
      files: node.machine.files,
      networks: { leftovers: async () => ["table inet mvm"] },
      volumes: { leftovers: async () => [] },
      journal: node.journal(),
      paths: nodePaths(node.settings),
      namePrefix: "mvm",
    };
    assert.deepEqual(await unknownThings(parts), ["table inet mvm"]);
  });
});
