import assert from "node:assert/strict";
import { test } from "node:test";
import { isMvmError } from "@mvm/core";
import { checkDriveFiles, debugfsScript, directoriesOf, driveSizeMib, mke2fsArgv } from "./ext4-plan.ts";
import type { DriveFile } from "./drive-image.ts";

const file = (path: string, contents = "x"): DriveFile => ({ path, contents, mode: 0o400, uid: 1000, gid: 1000 });

test("directories come with their parents, parents first", () => {
  assert.deepEqual(directoriesOf([file("a/b/c"), file("a/d"), file("e")]), ["a", "a/b"]);
});

test("paths that could leave the tree or break the script are refused", () => {
  for (const path of ["../up", "/abs", "a//b", "a b", "a\nrm /", "", ".hidden", "a/../b"]) {
    assert.throws(
      () => checkDriveFiles([file(path)]),
      (error) => isMvmError(error, "MVM_DRIVE_BUILD_FAILED"),
      path,
    );
  }
  assert.throws(() => checkDriveFiles([file("a"), file("a")]), /twice/);
  checkDriveFiles([file("openclaw.json"), file("sub/dir/file-1.txt")]);
});

test("the size grows with the contents", () => {
  assert.equal(driveSizeMib([file("a")]), 2);
  assert.equal(driveSizeMib([file("a", "x".repeat(3 * 1024 * 1024))]), 5);
});

test("mke2fs is told everything that would else depend on the machine", () => {
  const uuid = "11111111-2222-4333-8444-555555555555";
  const request = {
    label: "mvm-config" as const,
    uuid,
    files: [file("a")],
    outputPath: "/o",
    scratchDir: "/s",
  };
  assert.deepEqual(mke2fsArgv(request, "/s/tree", "/o.new"), [
    ...["mke2fs", "-q", "-F", "-t", "ext4", "-O", "^has_journal,^resize_inode,^orphan_file,^metadata_csum_seed"],
    ...["-b", "1024", "-I", "256", "-m", "0", "-L", "mvm-config", "-U", uuid],
    ...["-E", `hash_seed=${uuid},lazy_itable_init=0,nodiscard,root_owner=0:0`, "-d", "/s/tree", "/o.new", "2M"],
  ]);
});

test("the debugfs script sets owner and times of all, directories as root's", () => {
  const script = debugfsScript([file("sub/a")]);
  assert.match(script, /^set_inode_field \/sub uid 0$/m);
  assert.match(script, /^set_inode_field \/sub\/a uid 1000$/m);
  assert.match(script, /^set_inode_field \/sub\/a crtime @1$/m);
});
