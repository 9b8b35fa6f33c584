/**
 * A guest without a machine: the far end of a tap, where a test writes frames as a hostile guest
 * would and sees every frame that arrives. It answers ARP for its addresses, TCP SYNs and data, just
 * enough for real kernels to talk to it.
 *
 * The tap is opened by a QEMU without a machine, whose hub hands frames to a Unix socket (each
 * behind its length in four bytes), because Node can't open taps. The QEMU dies with the test.
 */
import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { createConnection, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

import {
  arp,
  BROADCAST_MAC,
  decodeFrame,
  type Endpoint,
  ETHERTYPE,
  ethernet,
  NO_MAC,
  PROTOCOL,
  type SeenFrame,
  tcp,
  TCP_FLAG,
} from "./ethernet-frames.ts";

const START_TIMEOUT_MS = 20_000;
const ARRIVAL_TIMEOUT_MS = 15_000;
const ARP_RETRY_MS = 50;

export interface RawGuestOptions {
  /** Null: the host's own network namespace. */
  readonly namespace: string | null;
  readonly tap: string;
  /** Where the socket is made; its directory exists. */
  readonly socketPath: string;
  readonly mac: string;
  /** Addresses that it answers for; the first is its own. */
  readonly ips: readonly string[];
  readonly gatewayIp: string;
}

export class RawGuest {
  readonly mac: string;
  readonly ip: string;
  /** Every frame that reached this guest, oldest first. */
  readonly seen: SeenFrame[] = [];
  readonly #child: ChildProcess;
  readonly #socket: Socket;
  readonly #ips: readonly string[];
  #gatewayMac = BROADCAST_MAC;
  #unread: Buffer = Buffer.alloc(0);

  private constructor(options: RawGuestOptions, child: ChildProcess, socket: Socket) {
    this.mac = options.mac;
    this.ip = options.ips[0] ?? "";
    this.#ips = options.ips;
    this.#child = child;
    this.#socket = socket;
    socket.on("data", (chunk) => this.#receive(chunk));
    socket.on("error", () => undefined);
  }

  static async open(options: RawGuestOptions): Promise<RawGuest> {
    const [program, ...args] = hubArgv(options);
    const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
    try {
      const guest = new RawGuest(options, child, await connectHub(child, options));
      await guest.#findGateway(options.gatewayIp);
      return guest;
    } catch (error) {
      child.kill("SIGKILL");
      throw error;
    }
  }

  get endpoint(): Endpoint {
    return { mac: this.mac, ip: this.ip };
  }

  /** A frame of this guest around an IPv4 packet, for the gateway to route. */
  viaGateway(packet: Buffer): Buffer {
    return this.direct(this.#gatewayMac, packet);
  }

  /** A frame of this guest around an IPv4 packet, straight to another's MAC. */
  direct(toMac: string, packet: Buffer): Buffer {
    return ethernet({ to: toMac, from: this.mac, type: ETHERTYPE.ipv4, payload: packet });
  }

  /** A broadcast frame of this guest that asks for the MAC of `ip`. */
  question(ip: string, tag = ""): Buffer {
    const payload = arp({ operation: "request", sender: this.endpoint, target: { mac: NO_MAC, ip }, tag });
    return ethernet({ to: BROADCAST_MAC, from: this.mac, type: ETHERTYPE.arp, payload });
  }

  send(frame: Buffer): void {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(frame.length);
    this.#socket.write(Buffer.concat([length, frame]));
  }

  /** The first frame that `isIt`, seen already (from number `since` on) or yet to come; throws when none comes. */
  async waitFor(isIt: (frame: SeenFrame) => boolean, what: string, since = 0): Promise<SeenFrame> {
    const deadline = performance.now() + ARRIVAL_TIMEOUT_MS;
    for (;;) {
      const found = this.seen.find((frame, index) => index >= since && isIt(frame));
      if (found !== undefined) return found;
      if (performance.now() > deadline) throw new Error(`${what} did not arrive at ${this.ip}`);
      await sleep(5);
    }
  }

  async close(): Promise<void> {
    this.#socket.destroy();
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill("SIGKILL");
    await once(this.#child, "exit");
  }

  /** Asks until it is answered: a bridge learns late that somebody opened the tap, and drops what came before. */
  async #findGateway(ip: string): Promise<void> {
    const deadline = performance.now() + ARRIVAL_TIMEOUT_MS;
    for (;;) {
      this.send(this.question(ip));
      await sleep(ARP_RETRY_MS);
      const answer = this.seen.find((frame) => frame.arp?.operation === 2 && frame.arp.sender.ip === ip);
      if (answer !== undefined) {
        this.#gatewayMac = answer.from;
        return;
      }
      if (performance.now() > deadline) throw new Error(`${ip} did not answer ARP at ${this.ip}`);
    }
  }

  #receive(chunk: Buffer): void {
    this.#unread = Buffer.concat([this.#unread, chunk]);
    for (;;) {
      if (this.#unread.length < 4) return;
      const end = 4 + this.#unread.readUInt32BE(0);
      if (this.#unread.length < end) return;
      const frame = decodeFrame(this.#unread.subarray(4, end));
      this.#unread = this.#unread.subarray(end);
      this.seen.push(frame);
      this.#answer(frame);
    }
  }

  #answer(frame: SeenFrame): void {
    const { mac } = this;
    if (frame.arp?.operation === 1 && this.#ips.includes(frame.arp.targetIp)) {
      const payload = arp({ operation: "reply", sender: { mac, ip: frame.arp.targetIp }, target: frame.arp.sender });
      this.send(ethernet({ to: frame.from, from: mac, type: ETHERTYPE.arp, payload }));
    }
    if (frame.ip?.protocol === PROTOCOL.tcp && this.#ips.includes(frame.ip.to)) this.#answerTcp(frame.from, frame.ip);
  }

  #answerTcp(toMac: string, { from, to, payload }: NonNullable<SeenFrame["ip"]>): void {
    const flow = { from: to, to: from, fromPort: payload.readUInt16BE(2), toPort: payload.readUInt16BE(0) };
    const theirSeq = payload.readUInt32BE(4);
    const dataBytes = payload.length - (payload.readUInt8(12) >> 4) * 4;
    if (payload.readUInt8(13) === TCP_FLAG.syn) {
      this.send(this.direct(toMac, tcp(flow, { flags: TCP_FLAG.syn | TCP_FLAG.ack, seq: 1, ack: theirSeq + 1 })));
    } else if (dataBytes > 0) {
      this.send(this.direct(toMac, tcp(flow, { flags: TCP_FLAG.ack, seq: 2, ack: theirSeq + dataBytes })));
    }
  }
}

/** Connects once QEMU runs: what reaches it before that would block its queue for good. */
async function connectHub(
  child: ChildProcessWithoutNullStreams,
  { tap, socketPath }: RawGuestOptions,
): Promise<Socket> {
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString("utf8")));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString("utf8")));
  child.stdin.on("error", () => undefined);
  child.stdin.write('{"execute":"qmp_capabilities"}\n');
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (!stdout.includes('"running": true')) {
    if (child.exitCode !== null || performance.now() > deadline) throw new Error(`no raw guest at ${tap}: ${stderr}`);
    child.stdin.write('{"execute":"query-status"}\n');
    await sleep(10);
  }
  const socket = createConnection(socketPath);
  await once(socket, "connect");
  return socket;
}

function hubArgv({ namespace, tap, socketPath }: RawGuestOptions): [string, ...string[]] {
  return [
    "nsenter",
    ...(namespace === null ? [] : [`--net=/run/netns/${namespace}`]),
    ...["setpriv", "--pdeathsig", "KILL", "qemu-system-x86_64", "-M", "none", "-nodefaults"],
    ...["-display", "none", "-qmp", "stdio", "-serial", "none"],
    ...["-netdev", `tap,id=tap,ifname=${tap},script=no,downscript=no,vnet_hdr=off`],
    ...["-netdev", `stream,id=socket,server=on,addr.type=unix,addr.path=${socketPath}`],
    ...["-netdev", "hubport,id=one,hubid=0,netdev=tap", "-netdev", "hubport,id=two,hubid=0,netdev=socket"],
  ];
}
