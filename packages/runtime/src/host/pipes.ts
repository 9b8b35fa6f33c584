/** Named pipes by Node's net module: the host adapter of the port in vmm/ports/pipes.ts. */
import { constants, openSync } from "node:fs";
import { Socket } from "node:net";
import type { Pipes } from "../vmm/ports/pipes.ts";

/** For reading and writing: with a writer of its own the pipe never ends. */
const FLAGS = constants.O_RDWR | constants.O_NONBLOCK | constants.O_NOFOLLOW;

export function createPipes(): Pipes {
  return {
    open: async (path) => {
      const socket = new Socket({ fd: openSync(path, FLAGS), readable: true, writable: false });
      socket.on("error", () => undefined);
      return socket;
    },
  };
}
