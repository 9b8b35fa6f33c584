import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { InstanceId, Secret, nodeFiles, nodeRandom } from "@mvm/core";
import { openHostVolumes, requires, volumesConformance } from "@mvm/testing";
import { createLinuxCommands } from "../host/commands.ts";
import { createLuksFileVolumes } from "./luks-file-volumes.ts";

const MIB = 1024 * 1024;
const skip = await requires("volumes");
const volumes = createLuksFileVolumes({ commands: createLinuxCommands(), files: nodeFiles, random: nodeRandom });

volumesConformance({
  name: "luks-file volumes",
  skip,
  open: () => openHostVolumes({ dataDrive: "luks-file", start: () => volumes }),
});

describe("a volume that its VMM decrypts", { skip }, () => {
  let stateDir = "";
  const keyPath = (): string => join(stateDir, "key");
  const request = (sizeMib = 16) => ({
    instance: InstanceId.parse("acme-gw-0"),
    sizeMib,
    tenantKey: new Secret(Buffer.alloc(32, 7)),
    stateDir,
    keyPath: keyPath(),
  });

  before(async () => {
    stateDir = await mkdtemp(join(tmpdir(), "mvm-volume-"));
  });
  after(() => rm(stateDir, { recursive: true }));

  test("holds what was asked for besides its header, and its key is text, as QEMU demands", async () => {
    const { path } = await volumes.ensureVolume(request());
    assert.equal((await stat(path)).size, 18 * MIB);
    await volumes.openVolume(request());
    assert.deepEqual(await volumes.dataDrive(request()), { path, luksKeyPath: keyPath() });
    assert.match(await readFile(keyPath(), "utf8"), /^[0-9a-f]{64}$/);
    assert.equal((await stat(keyPath())).mode & 0o777, 0o400);
  });

  test("grows with what is asked for, and gets never smaller", async () => {
    for (const sizeMib of [24, 16]) {
      const { path } = await volumes.ensureVolume(request(sizeMib));
      assert.equal((await stat(path)).size, 26 * MIB);
    }
  });

  test("is made all the same when its making was cut short before", async () => {
    await volumes.destroyVolume(request());
    await nodeFiles.writeAtomic(join(stateDir, "data.luks.new"), "half a header");
    assert.equal((await volumes.ensureVolume(request())).created, true);
    assert.deepEqual(await nodeFiles.list(stateDir), ["data.key.sealed", "data.luks"]);
  });
});
