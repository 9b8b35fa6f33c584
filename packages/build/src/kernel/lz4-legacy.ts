/**
 * Decompresses LZ4 in its legacy frame, the form in which Debian's kernels are packed: blocks of at
 * most 8 MiB behind a magic number, without checksums. Pure; the caller knows the result's size.
 *
 * Source: lz4's doc/lz4_Block_format.md and the "Legacy frame" section of lz4_Frame_format.md.
 */

/** First bytes of a legacy frame, as a little-endian number. */
export const LZ4_LEGACY_MAGIC = 0x184c2102;

const MIN_MATCH = 4;
const LENGTH_IN_NEXT_BYTES = 15;
const LENGTH_GOES_ON = 255;

/**
 * @param frame the frame from its magic number to its last block, nothing behind it
 * @param sizeBytes exact size of the decompressed data
 * @throws RangeError when the frame is cut short or doesn't decompress to that size
 */
export function decompressLz4Legacy(frame: Buffer, sizeBytes: number): Buffer {
  const output = Buffer.alloc(sizeBytes);
  let written = 0;
  let at = 0;
  while (at < frame.length) {
    const word = frame.readUInt32LE(at);
    at += 4;
    if (word === LZ4_LEGACY_MAGIC) continue;
    if (at + word > frame.length) throw new RangeError(`an LZ4 block of ${word} bytes is cut short`);
    written = decompressBlock(frame.subarray(at, at + word), output, written);
    at += word;
  }
  if (written !== sizeBytes) throw new RangeError(`LZ4 data holds ${written} bytes, not ${sizeBytes}`);
  return output;
}

/** Appends one block's data to `output` at `written`; returns where it ended. */
function decompressBlock(block: Buffer, output: Buffer, written: number): number {
  let from = 0;
  let to = written;
  const readLength = (nibble: number): number => {
    let length = nibble;
    if (nibble !== LENGTH_IN_NEXT_BYTES) return length;
    let byte: number;
    do {
      byte = block.readUInt8(from++);
      length += byte;
    } while (byte === LENGTH_GOES_ON);
    return length;
  };
  while (from < block.length) {
    const token = block.readUInt8(from++);
    const literals = readLength(token >> 4);
    if (to + literals > output.length) throw new RangeError("LZ4 data is larger than announced");
    to += block.copy(output, to, from, from + literals);
    from += literals;
    // The last sequence of a block is literals only.
    if (from >= block.length) break;
    const distance = block.readUInt16LE(from);
    from += 2;
    const matched = readLength(token & 0x0f) + MIN_MATCH;
    if (distance === 0 || distance > to) throw new RangeError("an LZ4 match points before the data");
    if (to + matched > output.length) throw new RangeError("LZ4 data is larger than announced");
    // A match may reach into what it writes itself, so it can't be one copy.
    for (const end = to + matched; to < end; to++) output[to] = output[to - distance] ?? 0;
  }
  return to;
}
