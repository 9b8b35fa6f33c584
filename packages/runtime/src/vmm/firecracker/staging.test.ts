import assert from "node:assert/strict";
import { test } from "node:test";
import { isMvmError } from "@mvm/core";
import type { FileIdentity } from "../raw-files.ts";
import { bootArtifacts, stagingOf } from "./staging.ts";

const DISK = 2_049;
const TMPFS = 25;
const image: FileIdentity = { kind: "file", device: DISK, inode: 7, rdev: 0, uid: 0, gid: 0, mode: 0o444 };
const readOnly = { source: "/images/rootfs", inside: "/rootfs", writable: false };
const data = { source: "/dev/mapper/mvm-a", inside: "/data", writable: true };

test("an image is shared by a link, a file of this VM alone is linked and given to it, one elsewhere needs a node", () => {
  assert.equal(stagingOf(readOnly, image, DISK).kind, "shared-link");
  assert.equal(stagingOf(readOnly, { ...image, mode: 0o600 }, DISK).kind, "own-link");
  assert.equal(stagingOf(readOnly, { ...image, device: TMPFS, mode: 0o600 }, DISK).kind, "loop-node");
  assert.equal(stagingOf(data, { ...image, kind: "block", rdev: 64_771, mode: 0o660 }, DISK).kind, "device-node");
});

test("what others could change, or what is no volume, stays outside", () => {
  for (const [artifact, file, reason] of [
    [readOnly, null, /is missing/],
    [readOnly, { ...image, kind: "directory" as const }, /neither file nor disk/],
    [readOnly, { ...image, uid: 1000 }, /changed by others than root/],
    [readOnly, { ...image, mode: 0o664 }, /changed by others than root/],
    [data, image, /opened volume only/],
  ] as const) {
    assert.throws(
      () => stagingOf(artifact, file, DISK),
      (error) => isMvmError(error, "MVM_VM_DRIVER") && reason.test(error.message),
    );
  }
});

test("a volume that the VMM would have to decrypt is refused", () => {
  const drive = { name: "data", path: "/x", readOnly: false, luksKeyPath: "/key" } as const;
  assert.throws(
    () => bootArtifacts({ vmlinuxPath: "/k", initrdPath: "/i", drives: [drive] }),
    (error) => isMvmError(error, "MVM_VM_DRIVER"),
  );
});
