/** A jail made of real links, nodes and loop devices: what is in it, whose it is, and that nothing of it stays. */
import assert from "node:assert/strict";
import { chmod, chown, lstat, mkdir, mkdtemp, open, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { InstanceId, isMvmError, nodeClock, nodeFiles } from "@mvm/core";
import { requires } from "@mvm/testing";
import { createLinuxCommands } from "../../../host/commands.ts";
import { createRawFiles } from "../../../host/raw-files.ts";
import { letGoOfLoops, loopsOf, type LoopNode } from "./block-nodes.ts";
import { closeJail, ensureJailsDir, makeJail, removeJail, type JailRequest } from "./jail.ts";
import { inside, jailPaths } from "./jail-paths.ts";

const skip = await requires("root");
const UID = 300_777;
const MIB = 1024 * 1024;
const commands = createLinuxCommands();
const ports = { commands, files: nodeFiles, raw: createRawFiles() };
const run = async (...argv: readonly [string, ...string[]]) =>
  (await commands.run({ argv, timeoutMs: 10_000 })).stdout.trim();

describe("a jail", { skip }, () => {
  let disk = "";
  let tmpfs = "";
  let volume = "";
  let request: JailRequest;
  let loops: readonly LoopNode[] = [];
  const at = (path: string): string => join(request.paths.root, path);

  before(async () => {
    disk = await mkdtemp("/var/tmp/mvm-jail-");
    tmpfs = await mkdtemp("/dev/shm/mvm-jail-");
    const [image, config, secrets, data] = [
      join(disk, "rootfs"),
      join(disk, "config.img"),
      join(tmpfs, "secrets.img"),
      join(disk, "volume"),
    ];
    await writeFile(image, "an image of many", { mode: 0o444 });
    await writeFile(config, "one VM's alone", { mode: 0o600 });
    await writeFile(secrets, Buffer.alloc(MIB, "s"), { mode: 0o600 });
    await writeFile(data, Buffer.alloc(MIB), { mode: 0o600 });
    volume = await run("losetup", "--find", "--show", data);
    const jailsDir = join(disk, "jails");
    request = {
      jailsDir,
      paths: jailPaths(jailsDir, InstanceId.parse("test-jail-0")),
      uid: UID,
      artifacts: [
        { source: image, inside: inside.drive("rootfs"), writable: false, isShared: true },
        { source: volume, inside: inside.drive("data"), writable: true, isShared: false },
        { source: secrets, inside: inside.drive("secrets"), writable: false, isShared: false },
        { source: config, inside: inside.drive("config"), writable: false, isShared: false },
      ],
    };
  });
  after(async () => {
    await run("losetup", "--detach", volume);
    for (const directory of [disk, tmpfs]) await rm(directory, { recursive: true, force: true });
  });

  test("holds links that stay root's and nodes for the VM's group, and nothing is mounted", async () => {
    const mounts = await readFile("/proc/self/mountinfo", "utf8");
    await ensureJailsDir(ports, request.jailsDir);
    await ensureJailsDir(ports, request.jailsDir);
    const jail = await makeJail(ports, request);
    assert.deepEqual(
      jail.loops.map(({ node }) => node),
      [at("/secrets")],
    );
    loops = jail.loops;
    const facts = await Promise.all(
      ["/rootfs", "/config", "/data", "/secrets", "/log"].map(async (path) => {
        const { uid, gid, mode } = await lstat(at(path));
        return [path, uid, gid, (mode & 0o7777).toString(8)];
      }),
    );
    assert.deepEqual(facts, [
      ["/rootfs", 0, 0, "444"],
      ["/config", 0, UID, "440"],
      ["/data", 0, UID, "660"],
      ["/secrets", 0, UID, "440"],
      ["/log", 0, UID, "660"],
    ]);
    assert.equal((await stat(at("/rootfs"))).ino, (await stat(join(disk, "rootfs"))).ino);
    assert.equal((await stat(at("/data"))).rdev, (await stat(volume)).rdev);
    const { rdev } = await stat(at("/secrets"));
    assert.deepEqual(
      jail.files.map(({ kind }) => kind),
      ["fifo", "file", "block", "block", "file"],
    );
    assert.ok(jail.files.some((file) => file.kind === "block" && file.rdev === rdev));
    assert.ok((await lstat(at("/log"))).isFIFO());
    const secrets = await commands.run({ argv: ["head", "-c", "4", at("/secrets")], timeoutMs: 10_000 });
    assert.equal(secrets.stdout, "ssss");
    assert.equal(await readFile("/proc/self/mountinfo", "utf8"), mounts);
  });

  test("is closed once the VMM has what it needs: its uid owns no directory in it", async () => {
    for (const directory of ["dev/net", "run"]) await mkdir(at(directory), { recursive: true });
    for (const directory of ["", "dev", "dev/net", "run"]) {
      await chown(at(directory), UID, UID);
      await chmod(at(directory), 0o700);
    }
    await closeJail(ports, request.paths, UID);
    for (const directory of ["", "dev", "dev/net", "run"]) {
      const { uid, gid, mode } = await stat(at(directory));
      assert.deepEqual([uid, gid, mode & 0o7777], [0, UID, 0o750], directory);
    }
  });

  test("holds no path to a loop device once the VMM has it open, which keeps it until the VMM's end", async () => {
    const secrets = join(tmpfs, "secrets.img");
    const vmm = await open(at("/secrets"), "r");
    try {
      await letGoOfLoops(ports, loops);
      assert.equal(await nodeFiles.stat(at("/secrets")), null);
      assert.equal((await loopsOf(ports, [secrets])).length, 1);
      assert.equal((await vmm.read(Buffer.alloc(4), 0, 4, 0)).buffer.toString(), "ssss");
    } finally {
      await vmm.close();
    }
    // Whoever on this host looks at new disks may have it open for a moment.
    const deadline = nodeClock.monotonicMs() + 5_000;
    while ((await loopsOf(ports, [secrets])).length > 0 && nodeClock.monotonicMs() < deadline)
      await nodeClock.sleep(20);
    assert.deepEqual(await loopsOf(ports, [secrets]), []);
  });

  test("goes with its loop device, also one that nobody let go, and its files are root's alone again", async () => {
    const secrets = join(tmpfs, "secrets.img");
    await run("losetup", "--find", "--show", "--read-only", secrets);
    assert.equal((await loopsOf(ports, [secrets])).length, 1);
    await removeJail(ports, request.paths);
    assert.deepEqual(await loopsOf(ports, [secrets]), []);
    assert.equal(await nodeFiles.stat(request.paths.dir), null);
    const config = await stat(join(disk, "config.img"));
    assert.deepEqual([config.uid, config.gid, config.mode & 0o7777, config.nlink], [0, 0, 0o600, 1]);
    assert.equal((await stat(join(disk, "rootfs"))).mode & 0o7777, 0o444);
    await removeJail(ports, request.paths);
  });

  test("is not made of what is missing, and what was begun can be removed", async () => {
    const artifacts = [
      ...request.artifacts,
      { source: join(disk, "none"), inside: "/none", writable: false, isShared: true },
    ];
    await assert.rejects(makeJail(ports, { ...request, artifacts }), (error) => isMvmError(error, "MVM_VM_DRIVER"));
    await removeJail(ports, request.paths);
    assert.equal(await nodeFiles.stat(request.paths.dir), null);
  });
});
