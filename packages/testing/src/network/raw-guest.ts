/**
 * A guest without a machine: the far end of a tap, where a test writes frames as a hostile guest
 * would and sees every frame that arrives. It answers ARP for its addresses, TCP SYNs and data, just
 * enough for real kernels to talk to it.
 *
 * The tap is opened by a QEMU without a machine, whose hub hands frames to a socket (each behind its
 * length in four bytes), because Node can't open taps. The QEMU dies with the test. Its socket is
 * inherited: QEMU 7.2's `stream` back end crashes now and then when it listens by itself.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { Duplex } from "node:stream";
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

/** Where QEMU finds its end of the frames' socket. */
const HUB_DESCRIPTOR = 3;
const ARRIVAL_TIMEOUT_MS = 15_000;
const ARP_RETRY_MS = 50;

export interface RawGuestOptions {
  /** Null: the host's own network namespace. */
  readonly namespace: string | null;
  readonly tap: string;
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
  readonly #frames: Duplex;
  readonly #ips: readonly string[];
  #gatewayMac = BROADCAST_MAC;
  #complaint = "";
  #unread: Buffer = Buffer.alloc(0);

  private constructor(options: RawGuestOptions, child: ChildProcess, frames: Duplex) {
    this.mac = options.mac;
    this.ip = options.ips[0] ?? "";
    this.#ips = options.ips;
    this.#child = child;
    this.#frames = frames;
    frames.on("data", (chunk: Buffer) => this.#receive(chunk));
    frames.on("error", () => undefined);
    child.stderr?.on("data", (chunk: Buffer) => (this.#complaint += chunk.toString("utf8")));
  }

  static async open(options: RawGuestOptions): Promise<RawGuest> {
    const [program, ...args] = hubArgv(options);
    const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe", "pipe"] });
    const frames = child.stdio[HUB_DESCRIPTOR];
    assert.ok(frames instanceof Duplex);
    const guest = new RawGuest(options, child, frames);
    try {
      await guest.#findGateway(options.gatewayIp);
      return guest;
    } catch (error) {
      await guest.close();
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
    this.#frames.write(Buffer.concat([length, frame]));
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
    this.#frames.destroy();
    if (this.#isGone()) return;
    this.#child.kill("SIGKILL");
    await once(this.#child, "exit");
  }

  #isGone(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
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
      if (this.#isGone() || performance.now() > deadline) {
        throw new Error(`${ip} did not answer ARP at ${this.ip}: ${this.#complaint}`);
      }
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

function hubArgv({ namespace, tap }: RawGuestOptions): [string, ...string[]] {
  return [
    "nsenter",
    ...(namespace === null ? [] : [`--net=/run/netns/${namespace}`]),
    ...["setpriv", "--pdeathsig", "KILL", "qemu-system-x86_64", "-M", "none", "-nodefaults"],
    ...["-display", "none", "-monitor", "none", "-serial", "none"],
    ...["-netdev", `tap,id=tap,ifname=${tap},script=no,downscript=no,vnet_hdr=off`],
    ...["-netdev", `socket,id=socket,fd=${HUB_DESCRIPTOR}`],
    ...["-netdev", "hubport,id=one,hubid=0,netdev=tap", "-netdev", "hubport,id=two,hubid=0,netdev=socket"],
  ];
}
