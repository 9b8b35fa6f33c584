import assert from "node:assert/strict";
import { test } from "node:test";
import * as z from "zod";
import { mkfsErofsRequest } from "./erofs.ts";

test("times and UUID of the file system depend on the inputs alone", () => {
  const { argv } = mkfsErofsRequest("/build/root", "/build/rootfs.erofs", "0123456789abcdef".repeat(4));
  const uuid = "01234567-89ab-8def-8123-456789abcdef";
  assert.deepEqual(argv, ["mkfs.erofs", "--quiet", "-T1793491200", "-U", uuid, "/build/rootfs.erofs", "/build/root"]);
  assert.ok(z.uuid().safeParse(uuid).success);
});
