/** Whether a program file is linked statically, by its ELF header (elf(5)): only such a one runs in a jail. Pure. */

const MAGIC = Buffer.from([0x7f, 0x45, 0x4c, 0x46]);
const CLASS_AT = 4;
const CLASS_64 = 2;
const PROGRAM_HEADERS_AT = 32;
const HEADER_SIZE_AT = 54;
const HEADER_COUNT_AT = 56;
/** The segment that names a dynamic linker. */
const PT_INTERP = 3;

/** False for a file that names a dynamic linker, and for what is no 64-bit ELF file at all. */
export function isStaticProgram(file: Buffer): boolean {
  if (file.length < 64 || !file.subarray(0, 4).equals(MAGIC) || file.readUInt8(CLASS_AT) !== CLASS_64) return false;
  const start = Number(file.readBigUInt64LE(PROGRAM_HEADERS_AT));
  const [size, count] = [file.readUInt16LE(HEADER_SIZE_AT), file.readUInt16LE(HEADER_COUNT_AT)];
  if (count === 0 || start + size * count > file.length) return false;
  const types = Array.from({ length: count }, (_, index) => file.readUInt32LE(start + index * size));
  return !types.includes(PT_INTERP);
}
