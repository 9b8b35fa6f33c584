import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryFiles } from "@mvm/testing";
import type { FileIdentity } from "../../ports/raw-files.ts";
import { attachArgv, copyNodesArgv, detachArgv, loopsOf } from "./block-nodes.ts";

test("commands for nodes and loop devices: read-only, links of /dev/mapper followed, nodes copied as nodes", () => {
  assert.deepEqual(attachArgv("/run/mvm/secrets/acme-gw-0/secrets.img"), [
    "losetup",
    "--find",
    "--show",
    "--read-only",
    "/run/mvm/secrets/acme-gw-0/secrets.img",
  ]);
  assert.deepEqual(detachArgv(["/dev/loop3", "/dev/loop4"]), ["losetup", "--detach", "/dev/loop3", "/dev/loop4"]);
  assert.deepEqual(copyNodesArgv(["/dev/mapper/mvm-acme-gw-0"], "/jails/firecracker/acme-gw-0/root"), [
    "cp",
    "-R",
    "-H",
    "--",
    "/dev/mapper/mvm-acme-gw-0",
    "/jails/firecracker/acme-gw-0/root",
  ]);
});

test("loop devices are found by the file behind them, by whichever path, and by the path of one that was removed", async () => {
  const files = new MemoryFiles();
  for (const [name, path] of [
    ["loop0", "/srv/state/secrets.img"],
    ["loop1", "/srv/state/other.img"],
    ["loop2", "/var/lib/mvm/gone.img (deleted)"],
    ["loop3", "/srv/disk2/secrets.img"],
    ["sda", "/var/lib/mvm/secrets.img"],
  ] as const) {
    await files.ensureDir(`/sys/block/${name}/loop`);
    await files.writeAtomic(`/sys/block/${name}/loop/backing_file`, `${path}\n`);
  }
  await files.ensureDir("/sys/block/loop4");
  const file = (device: number, inode: number): FileIdentity => {
    return { kind: "file", device, inode, rdev: 0, uid: 0, gid: 0, mode: 0o600 };
  };
  const there: Readonly<Record<string, FileIdentity>> = {
    "/srv/state/secrets.img": file(1, 7),
    // The state directory as the driver knows it, a link.
    "/var/lib/mvm/secrets.img": file(1, 7),
    "/srv/state/other.img": file(1, 8),
    // The same number on another file system.
    "/srv/disk2/secrets.img": file(2, 7),
  };
  const ports = { files, raw: { identify: async (path: string) => there[path] ?? null } };
  assert.deepEqual(await loopsOf(ports, ["/var/lib/mvm/secrets.img"]), ["/dev/loop0"]);
  assert.deepEqual(await loopsOf(ports, ["/var/lib/mvm/gone.img"]), ["/dev/loop2"]);
  assert.deepEqual(await loopsOf(ports, ["/var/lib/mvm/never.img"]), []);
  assert.deepEqual(await loopsOf(ports, []), []);
});
