import assert from "node:assert/strict";
import { test } from "node:test";
import { isMvmError } from "@mvm/core";
import { initrdEntries, moduleLoadOrder } from "./initrd.ts";

const MODULES_DEP = `kernel/drivers/virtio/virtio_ring.ko:
kernel/drivers/virtio/virtio.ko: kernel/drivers/virtio/virtio_ring.ko
kernel/drivers/block/virtio_blk.ko: kernel/drivers/virtio/virtio.ko kernel/drivers/virtio/virtio_ring.ko
kernel/drivers/char/hw_random/virtio-rng.ko: kernel/drivers/virtio/virtio.ko kernel/drivers/virtio/virtio_ring.ko
kernel/fs/erofs/erofs.ko.xz: kernel/lib/libcrc32c.ko
kernel/lib/libcrc32c.ko:
`;

test("a module comes after all that it depends on, each once", () => {
  assert.deepEqual(moduleLoadOrder(MODULES_DEP, ["virtio_blk", "erofs", "virtio_rng"]), [
    "kernel/drivers/virtio/virtio_ring.ko",
    "kernel/drivers/virtio/virtio.ko",
    "kernel/drivers/block/virtio_blk.ko",
    "kernel/lib/libcrc32c.ko",
    "kernel/fs/erofs/erofs.ko.xz",
    "kernel/drivers/char/hw_random/virtio-rng.ko",
  ]);
});

test("a module that the kernel lacks is an error that names it", () => {
  assert.throws(
    () => moduleLoadOrder(MODULES_DEP, ["virtio_gpu"]),
    (error) => isMvmError(error, "MVM_IMAGE_BUILD_FAILED") && error.message.includes("virtio_gpu"),
  );
});

test("the archive lists its modules in load order and is itself sorted, directories before their contents", () => {
  const contents = Buffer.from("x");
  const modules = ["a/virtio_ring.ko", "b/virtio.ko"].map((file) => ({ file, contents }));
  const entries = initrdEntries({ init: contents, busybox: contents, modules });
  const paths = entries.map(({ path }) => path);
  assert.deepEqual(paths, paths.toSorted());
  assert.ok(paths.includes("bin/switch_root") && paths.includes("modules/virtio.ko") && paths.includes("root"));
  const order = entries.find(({ path }) => path === "modules/order");
  assert.equal(order?.kind === "file" ? order.contents.toString() : "", "virtio_ring.ko\nvirtio.ko\n");
  const executable = entries.filter((entry) => entry.kind === "file" && entry.mode === 0o755).map(({ path }) => path);
  assert.deepEqual(executable, ["bin/busybox", "init"]);
});
