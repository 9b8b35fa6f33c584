/**
 * A TCP and a UDP listener on every address of the host, standing for its services: what they
 * hear, a guest must not be able to say.
 */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";

export interface HostListeners {
  /** Datagrams' text and `tcp` for each connection, oldest first. */
  readonly heard: readonly string[];
  close(): void;
}

export async function listenOnHost(port: number): Promise<HostListeners> {
  const heard: string[] = [];
  const tcpServer = createServer((socket) => {
    heard.push("tcp");
    socket.destroy();
  }).listen(port, "0.0.0.0");
  const udpSocket = createSocket("udp4", (message) => heard.push(message.toString("utf8"))).bind(port, "0.0.0.0");
  await Promise.all([once(tcpServer, "listening"), once(udpSocket, "listening")]);
  return {
    heard,
    close() {
      tcpServer.close();
      udpSocket.close();
    },
  };
}
