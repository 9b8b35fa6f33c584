/** A program file that needs no other: an ELF header and one program header, of a segment to load. */
export function staticProgram(): Buffer {
  const file = Buffer.alloc(64 + 56);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2]);
  file.writeBigUInt64LE(64n, 32);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(1, 56);
  file.writeUInt32LE(1, 64);
  return file;
}
