import assert from "node:assert/strict";
import { dirname } from "node:path";
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
    const parts = { files, networks, volumes, journal: node.journal(), settings: node.settings };
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

  it("are processes, control groups and loop devices of VMs that the journal does not hold", async () => {
    const node = await FakeNode.started(singlePoolSpec(), { settings: { mode: "production" } });
    const { files } = node.machine;
    const [first] = node.settings.uidRange;
    const write = async (path: string, text: string, uid = 0): Promise<void> => {
      await files.ensureDir(dirname(path), { uid });
      await files.writeAtomic(path, text);
    };
    const vmm = (id: string): string => ["/firecracker", "--id", id, "--api-sock", "/run/api.sock", ""].join("\0");
    await write("/proc/41/cmdline", vmm("acme-vm-0"), first);
    await write("/proc/42/cmdline", vmm("gone-vm-0"), first + 1);
    for (const name of ["acme-vm-0", "gone-vm-0", "holder"])
      await files.ensureDir(`/sys/fs/cgroup/mvm.slice/mvm-vms.service/${name}`);
    await write("/sys/fs/cgroup/mvm.slice/mvm-vms.service/cgroup.procs", "");
    const backing = [
      "/var/lib/mvm/instances/acme-vm-0/data.luks",
      "/run/mvm/secrets/gone-vm-0/secrets.img",
      "/srv/disk.img",
    ];
    for (const [number, file] of backing.entries())
      await write(`/sys/block/loop${number}/loop/backing_file`, `${file}\n`);
    await files.ensureDir("/sys/block/loop3");

    const nothing = { leftovers: async () => [] };
    const parts = { files, networks: nothing, volumes: nothing, journal: node.journal(), settings: node.settings };
    assert.deepEqual(await unknownThings(parts), [
      `process 42 of uid ${first + 1} (/firecracker)`,
      "control group /sys/fs/cgroup/mvm.slice/mvm-vms.service/gone-vm-0",
      "loop device /dev/loop1 of /run/mvm/secrets/gone-vm-0/secrets.img",
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
      settings: node.settings,
    };
    assert.deepEqual(await unknownThings(parts), ["table inet mvm"]);
  });
});
