/** Opens a virtio-serial port of this guest. A read blocks one of libuv's threads; there are four. */
import { open } from "node:fs/promises";
import type { ByteDevice } from "../device-stream.ts";

/** @throws the system's error when there is no such port, or when somebody else holds it */
export async function openVirtioPort(path: string): Promise<ByteDevice> {
  const handle = await open(path, "r+");
  return {
    read: async (buffer) => (await handle.read(buffer, 0, buffer.length, null)).bytesRead,
    write: async (bytes) => (await handle.write(bytes, 0, bytes.length, null)).bytesWritten,
  };
}
