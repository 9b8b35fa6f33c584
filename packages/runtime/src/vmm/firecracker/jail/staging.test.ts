import assert from "node:assert/strict";
import { test } from "node:test";
import { isMvmError } from "@mvm/core";
import type { FileIdentity } from "../../ports/raw-files.ts";
import { bootArtifacts, OWN_PLACES, restoreArtifacts, stagingOf } from "./staging.ts";

const DISK = 2_049;
const TMPFS = 25;
const image: FileIdentity = { kind: "file", device: DISK, inode: 7, rdev: 0, uid: 0, gid: 0, mode: 0o444 };
const readOnly = { source: "/images/rootfs", inside: "/rootfs", writable: false, isShared: true };
const config = { source: "/instances/a/config.img", inside: "/config", writable: false, isShared: false };
const data = { source: "/dev/mapper/mvm-a", inside: "/data", writable: true, isShared: false };

test("an image is shared by a link, a file of this VM alone is linked and given to it, one elsewhere needs a node", () => {
  assert.equal(stagingOf(readOnly, image, DISK).kind, "shared-link");
  assert.equal(stagingOf(config, image, DISK).kind, "shared-link");
  assert.equal(stagingOf(config, { ...image, mode: 0o600 }, DISK).kind, "own-link");
  assert.equal(stagingOf(config, { ...image, device: TMPFS, mode: 0o600 }, DISK).kind, "loop-node");
  assert.equal(stagingOf(data, { ...image, kind: "block", rdev: 64_771, mode: 0o660 }, DISK).kind, "device-node");
});

test("what others could change, or what is no volume, stays outside", () => {
  for (const [artifact, file, reason] of [
    [readOnly, null, /is missing/],
    [readOnly, { ...image, kind: "directory" as const }, /neither file nor disk/],
    [readOnly, { ...image, uid: 1000 }, /changed by others than root/],
    [readOnly, { ...image, mode: 0o664 }, /changed by others than root/],
    // It would become readable for one VM's group, whichever had it last.
    [readOnly, { ...image, mode: 0o600 }, /many VMs'/],
    [data, image, /opened volume only/],
  ] as const) {
    assert.throws(
      () => stagingOf(artifact, file, DISK),
      (error) => isMvmError(error, "MVM_VM_DRIVER") && reason.test(error.message),
    );
  }
});

test("kernel, initrd and rootfs are everyone's; a VM's own are given back by the places they lie at", () => {
  const drives = (["rootfs", "data", "secrets", "config"] as const).map((name) => ({
    name,
    path: `/x/${name}`,
    readOnly: name !== "data",
  }));
  const snapshot = { state_path: "/x/state", memory_path: "/x/memory" };
  const own = (artifacts: ReturnType<typeof bootArtifacts>): readonly string[] =>
    artifacts.filter(({ isShared }) => !isShared).map((artifact) => artifact.inside);
  assert.deepEqual(own(bootArtifacts({ vmlinuxPath: "/k", initrdPath: "/i", drives })), [
    "/data",
    "/secrets",
    "/config",
  ]);
  const restored = own(restoreArtifacts({ drives, snapshot }));
  assert.deepEqual(restored, ["/loaded/state", "/loaded/memory", "/data", "/secrets", "/config"]);
  assert.deepEqual(new Set(restored), new Set(OWN_PLACES));
});

test("a volume that the VMM would have to decrypt is refused", () => {
  const drive = { name: "data", path: "/x", readOnly: false, luksKeyPath: "/key" } as const;
  assert.throws(
    () => bootArtifacts({ vmlinuxPath: "/k", initrdPath: "/i", drives: [drive] }),
    (error) => isMvmError(error, "MVM_VM_DRIVER"),
  );
});
