import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { microcodeOf, mountOf, swapDevices } from "./parse-host-files.ts";

const MOUNTS = `22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 27 254:1 / /var rw,nodev,noexec - ext4 /dev/vdb rw
31 30 254:2 / /var/lib/my\\040data rw - ext4 /dev/vdc rw
32 30 0:9 / /var rw,nosuid - tmpfs none rw
`;

describe("a path's mount", () => {
  const cases = [
    ["/etc/mvm", "/", ["rw", "relatime"]],
    ["/variable", "/", ["rw", "relatime"]],
    ["/var", "/var", ["rw", "nosuid"]],
    ["/var/lib/mvm", "/var", ["rw", "nosuid"]],
    ["/var/lib/my data/jails", "/var/lib/my data", ["rw"]],
  ] as const;
  for (const [path, mountPoint, options] of cases) {
    it(`of ${path} is ${mountPoint}`, () => assert.deepEqual(mountOf(MOUNTS, path), { mountPoint, options }));
  }

  it("is none where nothing is told", () => assert.equal(mountOf("", "/etc"), null));
});

describe("the kernel's small files", () => {
  it("tell swap devices", () => {
    const header = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n";
    assert.deepEqual(swapDevices(header), []);
    assert.deepEqual(swapDevices(`${header}/dev/dm-0   partition\t1\t0\t-2\n/swap\\040file file 1 0 -3\n`), [
      "/dev/dm-0",
      "/swap file",
    ]);
  });

  it("tell the microcode's revision", () => {
    assert.equal(microcodeOf("model\t\t: 1\nmicrocode\t: 0x2b000603\n"), "0x2b000603");
    assert.equal(microcodeOf("model\t\t: 1\n"), null);
  });
});
