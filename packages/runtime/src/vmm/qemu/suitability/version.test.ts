import assert from "node:assert/strict";
import { test } from "node:test";
import { isAtLeast, parseQemuVersion } from "./version.ts";

test("versions as QEMU prints them", () => {
  const debian = "QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)\nCopyright (c) 2003-2022\n";
  assert.deepEqual(parseQemuVersion(debian), { text: "7.2.22", major: 7, minor: 2 });
  assert.deepEqual(parseQemuVersion("QEMU emulator version 10.0.2"), { text: "10.0.2", major: 10, minor: 0 });
  assert.equal(parseQemuVersion("qemu-img version 7.2"), null);
});

test("versions are compared by number, not by letters", () => {
  const at = (major: number, minor: number) => ({ major, minor, text: "" });
  assert.equal(isAtLeast(at(10, 0), "9.1"), true);
  assert.equal(isAtLeast(at(7, 10), "7.2"), true);
  assert.equal(isAtLeast(at(7, 2), "7.2"), true);
  assert.equal(isAtLeast(at(7, 1), "7.2"), false);
  assert.equal(isAtLeast(at(6, 9), "7.2"), false);
});
