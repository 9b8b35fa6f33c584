/** An acknowledged flush survives the power cut of the host: on a disk whose write cache is volatile. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { InstanceId, nodeFiles, nodeRandom, Secret } from "@mvm/core";
import { PowerCutDisk, requires } from "@mvm/testing";
import { createLinuxCommands } from "../host/commands.ts";
import { createBlockDeviceVolumes } from "./block-device-volumes.ts";

const BLOCK_BYTES = 4096;
const WRITES = 100;
const DEVICE = "/dev/mapper/mvmcut-acme-gw-0";

/** Writes numbered blocks as a VMM does and acknowledges each: after a flush, or (to compare) without. */
const WRITER = `
const { openSync, writeSync, fsyncSync } = require("node:fs");
const [, device, flushes] = process.argv;
const fd = openSync(device, "r+");
for (let n = 0; n < 1000; n += 1) {
  writeSync(fd, Buffer.alloc(${BLOCK_BYTES}, flushes + " " + n + " "), 0, ${BLOCK_BYTES}, n * ${BLOCK_BYTES});
  if (flushes === "flush") fsyncSync(fd);
  writeSync(1, n + "\\n");
}
setInterval(() => undefined, 1000);
`;

const skip = await requires("root", "volumes", "device-mapper");
const commands = createLinuxCommands();
const volumes = createBlockDeviceVolumes({ commands, files: nodeFiles, random: nodeRandom, namePrefix: "mvmcut" });

describe("a guest's data after a power cut of its host", { skip }, () => {
  let mountPoint = "";
  let disk: PowerCutDisk | null = null;
  const request = () => ({
    instance: InstanceId.parse("acme-gw-0"),
    sizeMib: 32,
    tenantKey: new Secret(Buffer.alloc(32, 7)),
    stateDir: mountPoint,
    keyPath: join(mountPoint, "never-written"),
  });

  before(async () => {
    mountPoint = await mkdtemp(join(tmpdir(), "mvm-cut-"));
    disk = await PowerCutDisk.open({ commands, name: "mvmcut-disk", sizeMib: 128, mountPoint });
    await volumes.ensureVolume(request());
  });
  after(async () => {
    await volumes.closeVolume(request());
    await disk?.close();
    await rm(mountPoint, { recursive: true });
  });

  /** How many blocks were acknowledged before the cut, and which of them the disk still has. */
  async function cutWhileWriting(mode: "flush" | "no-flush"): Promise<{ acknowledged: number; kept: number }> {
    await volumes.openVolume(request());
    const writer = spawn(process.execPath, ["-e", WRITER, DEVICE, mode], { stdio: ["ignore", "pipe", "ignore"] });
    const ended = once(writer, "close");
    let output = "";
    await new Promise<void>((resolve) => {
      writer.stdout.on("data", (chunk: Buffer) => {
        output += chunk.toString();
        if (output.split("\n").length > WRITES) resolve();
      });
    });
    // What is acknowledged before the cut begins must be there after it.
    const acknowledged = output.split("\n").length - 1;
    await disk?.cut();
    writer.kill("SIGKILL");
    await ended;
    await volumes.closeVolume(request());
    await disk?.powerOn();

    await volumes.openVolume(request());
    const device = await open(DEVICE, "r");
    const { buffer } = await device.read(Buffer.alloc(acknowledged * BLOCK_BYTES), 0, acknowledged * BLOCK_BYTES, 0);
    await device.close();
    await volumes.closeVolume(request());
    const isKept = (n: number): boolean =>
      buffer.subarray(n * BLOCK_BYTES, (n + 1) * BLOCK_BYTES).equals(Buffer.alloc(BLOCK_BYTES, `${mode} ${n} `));
    return { acknowledged, kept: Array.from({ length: acknowledged }, (_, n) => n).filter(isKept).length };
  }

  test("what was never flushed may be lost: the cut really cuts", async () => {
    const { acknowledged, kept } = await cutWhileWriting("no-flush");
    assert.ok(acknowledged >= WRITES && kept < acknowledged, `${kept} of ${acknowledged} kept`);
  });

  test("what was flushed is there, all of it", async (context) => {
    const { acknowledged, kept } = await cutWhileWriting("flush");
    context.diagnostic(`${acknowledged} blocks acknowledged, ${kept} kept`);
    assert.ok(acknowledged >= WRITES);
    assert.equal(kept, acknowledged);
  });
});
