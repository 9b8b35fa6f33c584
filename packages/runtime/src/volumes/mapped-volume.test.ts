import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { MemoryFiles } from "@mvm/testing";
import { observeMapping, observeMappingNames } from "./mapped-volume.ts";

let files = new MemoryFiles();

async function write(path: string, text: string): Promise<void> {
  const full = `/sys/block/${path}`;
  await files.ensureDir(full.slice(0, full.lastIndexOf("/")));
  await files.writeAtomic(full, `${text}\n`);
}

interface Mapping {
  readonly name: string;
  readonly uuid: string;
  /** Devices that it lies on. */
  readonly below: readonly string[];
}

async function mapping(disk: string, { name, uuid, below }: Mapping): Promise<void> {
  await write(`${disk}/dm/name`, name);
  await write(`${disk}/dm/uuid`, uuid);
  await write(`${disk}/size`, "32768");
  await files.ensureDir(`/sys/block/${disk}/slaves`);
  for (const device of below) await files.ensureDir(`/sys/block/${disk}/slaves/${device}`);
}

describe("the kernel's mappings", () => {
  beforeEach(async () => {
    files = new MemoryFiles();
    await mapping("dm-0", { name: "mvm-acme-gw-0", uuid: "CRYPT-LUKS2-0123-mvm-acme-gw-0", below: ["loop3"] });
    await write("loop3/loop/backing_file", "/var/lib/mvm/instances/acme-gw-0/data.luks");
    await write("loop3/loop/dio", "1");
    await mapping("dm-1", { name: "swap", uuid: "CRYPT-PLAIN-swap", below: ["sda2"] });
    await mapping("dm-12", { name: "mvm-acme-gw-1", uuid: "", below: [] });
    await files.ensureDir("/sys/block/sda");
  });

  it("are told with size, kind, and the file below", async () => {
    assert.deepEqual(await observeMapping(files, "mvm-acme-gw-0"), {
      name: "mvm-acme-gw-0",
      sizeBytes: 16 * 1024 * 1024,
      isLuks2: true,
      isHalfMade: false,
      loop: { name: "loop3", backingFile: "/var/lib/mvm/instances/acme-gw-0/data.luks", isDirect: true },
    });
  });

  it("that lie on no loop device have none", async () => {
    const swap = await observeMapping(files, "swap");
    assert.deepEqual([swap?.loop, swap?.isLuks2, swap?.isHalfMade], [null, false, false]);
  });

  it("without a device below are half made", async () => {
    assert.equal((await observeMapping(files, "mvm-acme-gw-1"))?.isHalfMade, true);
  });

  it("are found by their whole name only, and listed by its beginning", async () => {
    assert.equal(await observeMapping(files, "mvm-acme-gw"), null);
    assert.deepEqual(await observeMappingNames(files, "mvm-"), ["mvm-acme-gw-0", "mvm-acme-gw-1"]);
  });

  it("that go away during the look are not there", async () => {
    const reads = files.read.bind(files);
    files.read = async (path, maxBytes) => {
      if (path.endsWith("/size")) throw Object.assign(new Error("ENODEV"), { code: "ENODEV" });
      return reads(path, maxBytes);
    };
    assert.equal(await observeMapping(files, "mvm-acme-gw-0"), null);
  });
});
