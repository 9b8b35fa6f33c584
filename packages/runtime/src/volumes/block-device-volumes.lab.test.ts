/** Volumes as devices of the real kernel: opened, adopted, refused, grown, closed; nothing left over. */
import assert from "node:assert/strict";
import { mkdtemp, open, readdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import {
  InstanceId,
  isMvmError,
  nodeFiles,
  nodeRandom,
  Secret,
  type CommandRequest,
  type CommandRunner,
} from "@mvm/core";
import { openHostVolumes, requires, volumesConformance } from "@mvm/testing";
import { createLinuxCommands } from "../host/commands.ts";
import { createBlockDeviceVolumes } from "./block-device-volumes.ts";
import { observeMapping } from "./mapped-volume.ts";
import type { VolumeRequest } from "./volumes.ts";

const MIB = 1024 * 1024;
const PREFIX = "mvmt";
const NAME = "mvmt-acme-gw-0";
const DEVICE = `/dev/mapper/${NAME}`;
const TEXT = "what a guest wrote ".repeat(1000);
const skip = await requires("root", "volumes", "device-mapper");
const linux = createLinuxCommands();
const run = (...argv: readonly [string, ...string[]]) => linux.run({ argv, timeoutMs: 60_000 });

/** What ran, and what was given to it. */
const ran: CommandRequest[] = [];
const commands: CommandRunner = {
  run(request) {
    ran.push(request);
    return linux.run(request);
  },
};
/** A fresh one each time: as an agent that was started anew. */
const volumes = (over: CommandRunner = commands) =>
  createBlockDeviceVolumes({ commands: over, files: nodeFiles, random: nodeRandom, namePrefix: PREFIX });

let stateDir = "";
const request = (changes: Partial<VolumeRequest> = {}): VolumeRequest => ({
  instance: InstanceId.parse("acme-gw-0"),
  sizeMib: 16,
  tenantKey: new Secret(Buffer.alloc(32, 7)),
  stateDir,
  keyPath: join(stateDir, "never-written"),
  ...changes,
});

const loopsOf = async (path: string): Promise<string> => (await run("losetup", "--associated", path)).stdout;

/** As Firecracker writes: through the page cache of the device, then an fsync of it. */
async function writeDevice(text: string, at = 0): Promise<void> {
  const device = await open(DEVICE, "r+");
  await device.write(Buffer.from(text), 0, Buffer.byteLength(text), at);
  await device.sync();
  await device.close();
}

async function readDevice(length: number, at = 0): Promise<string> {
  const device = await open(DEVICE, "r");
  const { buffer } = await device.read(Buffer.alloc(length), 0, length, at);
  await device.close();
  return buffer.toString();
}

async function opened(changes: Partial<VolumeRequest> = {}): Promise<void> {
  await volumes().ensureVolume(request(changes));
  await volumes().openVolume(request(changes));
}

const isRefused = (pattern: RegExp, retry: "backoff" | "never") => (error: unknown) =>
  isMvmError(error, "MVM_VOLUME_FAILED") && pattern.test(error.message) && error.retry === retry;

volumesConformance({
  name: "block-device volumes",
  skip,
  open: () =>
    openHostVolumes({
      dataDrive: "block-device",
      start: () =>
        createBlockDeviceVolumes({ commands: linux, files: nodeFiles, random: nodeRandom, namePrefix: "mvmtc" }),
    }),
});

describe("a volume of dm-crypt", { skip }, () => {
  before(async () => {
    stateDir = await mkdtemp(join(tmpdir(), "mvm-dm-"));
  });
  afterEach(async () => {
    await linux.run({ argv: ["dmsetup", "remove", "--retry", NAME], timeoutMs: 60_000, okCodes: [0, 1] });
  });
  after(async () => {
    await rm(stateDir, { recursive: true, force: true });
  });

  test("is a device of the size asked for, LUKS2 on a file without a second cache", async () => {
    const made = await volumes().ensureVolume(request());
    assert.equal(made.created, true);
    assert.equal(await volumes().dataDrive(request()), null);
    await volumes().openVolume(request());
    assert.deepEqual(await volumes().dataDrive(request()), { path: DEVICE });
    const mapped = await observeMapping(nodeFiles, NAME);
    assert.equal(mapped?.sizeBytes, 16 * MIB);
    assert.equal(mapped.isLuks2, true);
    assert.equal(mapped.loop?.isDirect, true);
    assert.equal(mapped.loop.backingFile, await realpath(made.path));
    const { stdout } = await run("cryptsetup", "status", NAME);
    assert.match(stdout, /type: +LUKS2\n +cipher: +aes-xts-plain64\n +keysize: +512 bits/);
    assert.match(stdout, /sector size: +4096/);
  });

  test("keeps its key out of argv, environment, files and the table that root can print", async () => {
    ran.length = 0;
    await opened();
    const key = ran.flatMap(({ stdin }) =>
      stdin === undefined ? [] : [Buffer.from(stdin as Uint8Array).toString()],
    )[0];
    assert.match(key ?? "", /^[0-9a-f]{64}$/);
    for (const { argv, env } of ran) assert.ok(!JSON.stringify({ argv, env }).includes(key ?? ""));
    for (const name of await readdir(stateDir)) {
      const bytes = await readFile(join(stateDir, name));
      assert.ok(!bytes.includes(key ?? "") && !bytes.includes(Buffer.from(key ?? "", "hex")), name);
    }
    assert.match((await run("dmsetup", "table", "--showkeys", NAME)).stdout, / :64:logon:cryptsetup:/);
  });

  test("is found open by an agent that starts anew, and costs it no process", async () => {
    await opened();
    ran.length = 0;
    await volumes().openVolume(request());
    assert.ok((await volumes().dataDrive(request())) !== null);
    assert.deepEqual(ran, []);
    assert.deepEqual(await volumes().leftovers(), ["volume acme-gw-0"]);
  });

  test("holds what was written, and its file holds nothing of it", async () => {
    await opened();
    await writeDevice(TEXT);
    const { backingFile } = (await observeMapping(nodeFiles, NAME))?.loop ?? {};
    assert.ok(!(await readFile(backingFile ?? "")).includes(TEXT.slice(0, 40)));
    await volumes().closeVolume(request());
    assert.equal(await loopsOf(join(stateDir, "data.luks")), "", "the loop device went with the mapping");
    await volumes().openVolume(request());
    assert.equal(await readDevice(TEXT.length), TEXT);
  });

  test("is not closed while something uses it, and closed when that is gone", async () => {
    await opened();
    const holder = await open(DEVICE, "r");
    try {
      await assert.rejects(volumes().closeVolume(request()), isRefused(/still in use/, "backoff"));
      assert.ok((await volumes().dataDrive(request())) !== null);
    } finally {
      await holder.close();
    }
    await volumes().closeVolume(request());
    await volumes().closeVolume(request());
    assert.equal(await volumes().dataDrive(request()), null);
  });

  test("grows while it is closed and while it is open, and keeps what is in it", async () => {
    await opened();
    await writeDevice(TEXT);
    await volumes().closeVolume(request());
    await opened({ sizeMib: 24 });
    assert.equal((await observeMapping(nodeFiles, NAME))?.sizeBytes, 24 * MIB);
    const holder = await open(DEVICE, "r");
    await volumes().growVolume(request({ sizeMib: 40 }));
    assert.equal((await observeMapping(nodeFiles, NAME))?.sizeBytes, 40 * MIB);
    await writeDevice("at the new end", 40 * MIB - 4096);
    assert.equal(await readDevice(TEXT.length), TEXT);
    await holder.close();
    await volumes().growVolume(request({ sizeMib: 16 }));
    assert.equal((await observeMapping(nodeFiles, NAME))?.sizeBytes, 40 * MIB, "never smaller");
  });

  test("is not grown under a VM when its device is not open", async () => {
    await volumes().ensureVolume(request());
    await assert.rejects(
      volumes().growVolume(request({ sizeMib: 48 })),
      isRefused(/its device is not open/, "backoff"),
    );
  });

  test("that grew in its file only, because the agent was cut, grows the rest of the way", async () => {
    await opened({ sizeMib: 40 });
    await run("truncate", "--size=57M", join(stateDir, "data.luks"));
    await volumes().growVolume(request({ sizeMib: 56 }));
    assert.equal((await observeMapping(nodeFiles, NAME))?.sizeBytes, 56 * MIB);
  });

  test("is opened over a name that a cut left behind without a device", async () => {
    await volumes().ensureVolume(request());
    await run("dmsetup", "create", NAME, "--notable");
    assert.equal(await volumes().dataDrive(request()), null);
    await volumes().openVolume(request());
    assert.ok((await volumes().dataDrive(request())) !== null);
  });

  test("is not taken for another file's device that carries its name", async () => {
    await volumes().ensureVolume(request());
    const other = join(stateDir, "other");
    await writeFile(other, Buffer.alloc(MIB));
    const loop = (await run("losetup", "--find", "--show", other)).stdout.trim();
    await run("dmsetup", "create", NAME, "--table", `0 2048 linear ${loop} 0`);
    await run("losetup", "--detach", loop);
    for (const attempt of [volumes().openVolume(request()), volumes().dataDrive(request())])
      await assert.rejects(attempt, isRefused(/is open, but not on/, "never"));
    await rm(other);
  });

  test("opens after a tool that failed before or after its effect, each in turn", async () => {
    await volumes().ensureVolume(request());
    for (const failing of ["cryptsetup", "losetup"]) {
      for (const when of ["before", "after"]) {
        const flaky: CommandRunner = {
          async run(one) {
            if (one.argv[0] === failing && when === "before") throw new Error("cut before");
            const result = await linux.run(one);
            if (one.argv[0] === failing) throw new Error("cut after");
            return result;
          },
        };
        await assert.rejects(volumes(flaky).openVolume(request()), /cut/);
        await volumes().openVolume(request());
        assert.equal((await observeMapping(nodeFiles, NAME))?.loop?.isDirect, true, `${failing} ${when}`);
        await volumes().closeVolume(request());
        assert.equal(await loopsOf(join(stateDir, "data.luks")), "");
      }
    }
  });

  test("leaves nothing when it is destroyed, open or not", async () => {
    await opened();
    await volumes().destroyVolume(request());
    await volumes().destroyVolume(request());
    assert.deepEqual(await readdir(stateDir), []);
    assert.deepEqual(await volumes().leftovers(), []);
    assert.equal(await observeMapping(nodeFiles, NAME), null);
    assert.equal(await loopsOf(join(stateDir, "data.luks")), "");
  });
});
