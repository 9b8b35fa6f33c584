import assert from "node:assert/strict";
import { test } from "node:test";
import { attachArgv, copyNodesArgv, detachArgv } from "./block-nodes.ts";

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
