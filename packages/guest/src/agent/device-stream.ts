/**
 * A byte stream over the virtio-serial port. The port knows no connections: while no host is there,
 * a read gives nothing, at once, so it is asked again with growing pauses; while one is there, a
 * read waits in the kernel. The stream therefore never ends by itself.
 */
import { Duplex } from "node:stream";
import type { Clock } from "@mvm/core";

const READ_BYTES = 64 * 1024;
const SHORTEST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 250;

/** The open device. `read` gives 0 when nobody is connected; `write` takes at least a part. */
export interface ByteDevice {
  read(buffer: Buffer): Promise<number>;
  write(bytes: Buffer): Promise<number>;
}

export function deviceStream(device: ByteDevice, clock: Clock): Duplex {
  const closed = new AbortController();
  const stream: Duplex = new Duplex({
    allowHalfOpen: true,
    read: () => void readInto(),
    write: (chunk: Buffer, _encoding, done) => void writeAll(device, chunk).then(() => done(), done),
    destroy: (error, done) => {
      closed.abort();
      done(error);
    },
  });

  const readInto = async (): Promise<void> => {
    const buffer = Buffer.alloc(READ_BYTES);
    try {
      let count = await device.read(buffer);
      for (let pauseMs = SHORTEST_PAUSE_MS; count === 0; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
        await clock.sleep(pauseMs, closed.signal);
        count = await device.read(buffer);
      }
      stream.push(buffer.subarray(0, count));
    } catch (error) {
      if (!closed.signal.aborted) stream.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  };
  return stream;
}

async function writeAll(device: ByteDevice, bytes: Buffer): Promise<void> {
  let written = 0;
  while (written < bytes.length) written += await device.write(bytes.subarray(written));
}
