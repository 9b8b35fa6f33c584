/**
 * Reads a bzImage, the kernel as Debian ships it: takes the uncompressed kernel out of it, the ELF
 * file that other VMMs than QEMU boot, and tells its version. Pure.
 *
 * Source: Linux Documentation/arch/x86/boot.rst (setup header, payload_offset and payload_length).
 */
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { MvmError } from "@mvm/core";
import { LZ4_LEGACY_MAGIC, decompressLz4Legacy } from "./lz4-legacy.ts";

const SECTOR_BYTES = 512;
const SETUP_SECTORS_AT = 0x1f1;
const KERNEL_VERSION_AT = 0x20e;
const HEADER_MAGIC_AT = 0x202;
const PROTOCOL_VERSION_AT = 0x206;
const PAYLOAD_OFFSET_AT = 0x248;
const PAYLOAD_LENGTH_AT = 0x24c;
/** The payload fields exist since boot protocol 2.08. */
const MIN_PROTOCOL = 0x0208;
const ELF_MAGIC = Buffer.from("\x7fELF", "latin1");

/** What a payload may begin with, and how it is opened. Its last 4 bytes are the size of the result. */
const openers: readonly {
  readonly name: string;
  readonly magic: Buffer;
  readonly open: (payload: Buffer) => Buffer;
}[] = [
  {
    name: "lz4",
    magic: littleEndian(LZ4_LEGACY_MAGIC),
    open: (payload) => decompressLz4Legacy(payload.subarray(0, -4), payload.readUInt32LE(payload.length - 4)),
  },
  { name: "gzip", magic: Buffer.from([0x1f, 0x8b]), open: (payload) => gunzipSync(payload) },
  { name: "zstd", magic: littleEndian(0xfd2fb528), open: (payload) => zstdDecompressSync(payload.subarray(0, -4)) },
];

/** @throws MvmError MVM_IMAGE_BUILD_FAILED when this is no bzImage, or packed in a way that isn't known here */
export function extractVmlinux(bzImage: Buffer): Buffer {
  const payload = payloadOf(bzImage);
  const opener = openers.find(({ magic }) => payload.subarray(0, magic.length).equals(magic));
  if (opener === undefined) {
    const known = openers.map(({ name }) => name).join(", ");
    throw failure(
      `the kernel is packed with something unknown (${payload.subarray(0, 6).toString("hex")}), not with one of ${known}`,
    );
  }
  try {
    const vmlinux = opener.open(payload);
    if (vmlinux.subarray(0, 4).equals(ELF_MAGIC)) return vmlinux;
  } catch (cause) {
    throw failure(`the kernel's ${opener.name} payload can't be unpacked`, cause);
  }
  throw failure(`the kernel's ${opener.name} payload is not an ELF file`);
}

/**
 * Debian's version of the kernel, such as `6.1.192-2`, from the text that the kernel prints first.
 * @throws MvmError MVM_IMAGE_BUILD_FAILED when this is not one of Debian's kernels
 */
export function debianKernelVersion(bzImage: Buffer): string {
  checkHeader(bzImage);
  const start = bzImage.readUInt16LE(KERNEL_VERSION_AT) + SECTOR_BYTES;
  const text = bzImage.toString("latin1", start, start + 256).split("\0", 1)[0] ?? "";
  const version = / Debian (\d\S*) /.exec(text)?.[1];
  if (version === undefined) throw failure(`'${text}' names no Debian version`);
  return version;
}

function checkHeader(bzImage: Buffer): void {
  const isBzImage =
    bzImage.length > PAYLOAD_LENGTH_AT + 4 &&
    bzImage.toString("latin1", HEADER_MAGIC_AT, HEADER_MAGIC_AT + 4) === "HdrS";
  if (!isBzImage || bzImage.readUInt16LE(PROTOCOL_VERSION_AT) < MIN_PROTOCOL)
    throw failure("the kernel is not a bzImage");
}

function payloadOf(bzImage: Buffer): Buffer {
  checkHeader(bzImage);
  // 0 stands for 4, for the sake of very old boot loaders.
  const setupSectors = bzImage.readUInt8(SETUP_SECTORS_AT) || 4;
  const start = (setupSectors + 1) * SECTOR_BYTES + bzImage.readUInt32LE(PAYLOAD_OFFSET_AT);
  const end = start + bzImage.readUInt32LE(PAYLOAD_LENGTH_AT);
  if (end > bzImage.length) throw failure("the kernel is cut short");
  return bzImage.subarray(start, end);
}

function littleEndian(word: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(word);
  return bytes;
}

function failure(message: string, cause?: unknown): MvmError {
  return new MvmError("MVM_IMAGE_BUILD_FAILED", { message, cause });
}
