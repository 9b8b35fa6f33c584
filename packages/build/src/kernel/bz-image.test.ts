import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { isMvmError } from "@mvm/core";
import { debianKernelVersion, extractVmlinux } from "./bz-image.ts";

const ELF = Buffer.from("\x7fELF the kernel itself", "latin1");
const VERSION_TEXT = "6.1.0-56-cloud-amd64 (debian-kernel@lists.debian.org) #1 SMP Debian 6.1.192-2 (2026-11-16)";

/** A bzImage with one setup sector, the payload 16 bytes into the protected-mode code. */
function bzImage(payload: Buffer, { version = VERSION_TEXT, protocol = 0x020f } = {}): Buffer {
  const setup = Buffer.alloc(2 * 512);
  setup.writeUInt8(1, 0x1f1);
  setup.write("HdrS", 0x202);
  setup.writeUInt16LE(protocol, 0x206);
  setup.writeUInt16LE(0x300 - 0x200, 0x20e);
  setup.write(`${version}\0`, 0x300);
  setup.writeUInt32LE(16, 0x248);
  setup.writeUInt32LE(payload.length, 0x24c);
  return Buffer.concat([setup, Buffer.alloc(16), payload, Buffer.alloc(8)]);
}

const size = (bytes: Buffer): Buffer => {
  const word = Buffer.alloc(4);
  word.writeUInt32LE(bytes.length);
  return word;
};
const lz4 = Buffer.concat([
  Buffer.from([0x02, 0x21, 0x4c, 0x18, ELF.length + 2, 0, 0, 0, 0xf0, ELF.length - 15]),
  ELF,
  size(ELF),
]);
const refused = (message: RegExp) => (error: unknown) =>
  isMvmError(error, "MVM_IMAGE_BUILD_FAILED") && message.test(error.message);

for (const [name, payload] of [
  ["lz4", lz4],
  ["gzip", gzipSync(ELF)],
  ["zstd", Buffer.concat([zstdCompressSync(ELF), size(ELF)])],
] as const) {
  test(`a kernel packed with ${name} is unpacked`, () => {
    assert.deepEqual(extractVmlinux(bzImage(payload)), ELF);
  });
}

test("a payload that nobody knows is refused with its first bytes", () => {
  assert.throws(
    () => extractVmlinux(bzImage(Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 1, 2]))),
    refused(/fd377a585a00.*lz4, gzip, zstd/),
  );
});

test("what unpacks to something else than ELF is refused", () => {
  assert.throws(() => extractVmlinux(bzImage(gzipSync("MZ"))), refused(/not an ELF/));
});

test("a damaged payload is refused", () => {
  assert.throws(
    () => extractVmlinux(bzImage(Buffer.concat([lz4.subarray(0, 12), lz4.subarray(20)]))),
    refused(/can't be unpacked/),
  );
});

test("what is no bzImage, an old one or half of one is refused", () => {
  assert.throws(() => extractVmlinux(Buffer.alloc(4096)), refused(/not a bzImage/));
  assert.throws(() => extractVmlinux(bzImage(lz4, { protocol: 0x0204 })), refused(/not a bzImage/));
  assert.throws(() => extractVmlinux(bzImage(lz4).subarray(0, 1060)), refused(/cut short/));
});

test("Debian's version stands in the text that the kernel prints", () => {
  assert.equal(debianKernelVersion(bzImage(lz4)), "6.1.192-2");
  assert.throws(() => debianKernelVersion(bzImage(lz4, { version: "6.1.0 self-made" })), refused(/self-made/));
});
