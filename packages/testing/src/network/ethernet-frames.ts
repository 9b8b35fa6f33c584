/**
 * Ethernet frames byte by byte, honest and forged ones, for tests that attack networks. Pure.
 * Builders take what a frame should claim; nothing is checked, because lying is the point.
 * Formats: IEEE 802.3 and 802.1Q, RFC 826 (ARP), 791 (IPv4), 768 (UDP), 9293 (TCP), 792 (ICMP).
 */

export interface Endpoint {
  readonly mac: string;
  readonly ip: string;
}

export const BROADCAST_MAC = "ff:ff:ff:ff:ff:ff";
/** The target of an ARP request. */
export const NO_MAC = "00:00:00:00:00:00";
export const ETHERTYPE = {
  ipv4: 0x0800,
  arp: 0x0806,
  vlan: 0x8100,
  serviceVlan: 0x88a8,
  ipv6: 0x86dd,
  lldp: 0x88cc,
} as const;
export const PROTOCOL = { icmp: 1, tcp: 6, udp: 17 } as const;
export const TCP_FLAG = { fin: 1, syn: 2, rst: 4, ack: 16 } as const;

const MIN_FRAME_BYTES = 60;

export interface EthernetFields {
  readonly to: string;
  readonly from: string;
  readonly type: number;
  readonly payload: Buffer;
}

/** A frame, padded to the least length that Ethernet allows. */
export function ethernet({ to, from, type, payload }: EthernetFields): Buffer {
  const frame = Buffer.concat([macBytes(to), macBytes(from), u16(type), payload]);
  return frame.length >= MIN_FRAME_BYTES ? frame : Buffer.concat([frame, Buffer.alloc(MIN_FRAME_BYTES - frame.length)]);
}

/** The same frame with an 802.1Q (or other) tag before its type. */
export function tagged(frame: Buffer, vlan: number, tagType: number = ETHERTYPE.vlan): Buffer {
  return Buffer.concat([frame.subarray(0, 12), u16(tagType), u16(vlan), frame.subarray(12)]);
}

export interface ArpFields {
  readonly operation: "request" | "reply";
  readonly sender: Endpoint;
  readonly target: Endpoint;
  /** Rides in the frame's padding, so that a capture can tell frames apart. */
  readonly tag?: string;
}

/** The payload of an ARP frame. */
export function arp({ operation, sender, target, tag = "" }: ArpFields): Buffer {
  const header = Buffer.from([0, 1, 8, 0, 6, 4, 0, operation === "request" ? 1 : 2]);
  return Buffer.concat([
    header,
    macBytes(sender.mac),
    ipBytes(sender.ip),
    macBytes(target.mac),
    ipBytes(target.ip),
    Buffer.from(tag),
  ]);
}

export interface Ipv4Fields {
  readonly from: string;
  readonly to: string;
  readonly protocol: number;
  readonly payload: Buffer;
}

export function ipv4({ from, to, protocol, payload }: Ipv4Fields): Buffer {
  const header = Buffer.concat([
    Buffer.from([0x45, 0]),
    u16(20 + payload.length),
    Buffer.from([0, 0, 0x40, 0, 64, protocol, 0, 0]),
    ipBytes(from),
    ipBytes(to),
  ]);
  header.writeUInt16BE(checksum(header), 10);
  return Buffer.concat([header, payload]);
}

export interface Flow {
  readonly from: string;
  readonly to: string;
  readonly fromPort: number;
  readonly toPort: number;
}

/** A whole IPv4 packet with a UDP datagram. */
export function udp(flow: Flow, data: string): Buffer {
  const payload = Buffer.concat([
    u16(flow.fromPort),
    u16(flow.toPort),
    u16(8 + data.length),
    u16(0),
    Buffer.from(data),
  ]);
  return transport(flow, { protocol: PROTOCOL.udp, payload, checksumAt: 6 });
}

export interface TcpFields {
  readonly flags: number;
  readonly seq: number;
  readonly ack: number;
  readonly data?: string;
}

/** A whole IPv4 packet with a TCP segment. */
export function tcp(flow: Flow, { flags, seq, ack, data = "" }: TcpFields): Buffer {
  const ports = [u16(flow.fromPort), u16(flow.toPort)];
  const payload = Buffer.concat([
    ...ports,
    u32(seq),
    u32(ack),
    Buffer.from([0x50, flags]),
    u16(65_535),
    u32(0),
    Buffer.from(data),
  ]);
  return transport(flow, { protocol: PROTOCOL.tcp, payload, checksumAt: 16 });
}

/** A whole IPv4 packet with an ICMP echo request. */
export function echoRequest(from: string, to: string, data: string): Buffer {
  const payload = Buffer.concat([Buffer.from([8, 0, 0, 0]), u16(7), u16(1), Buffer.from(data)]);
  payload.writeUInt16BE(checksum(payload), 2);
  return ipv4({ from, to, protocol: PROTOCOL.icmp, payload });
}

/** What a capture shows of a frame; fields beyond its kind are absent. */
export interface SeenFrame {
  readonly bytes: Buffer;
  readonly to: string;
  readonly from: string;
  readonly type: number;
  readonly arp?: { readonly operation: number; readonly sender: Endpoint; readonly targetIp: string };
  readonly ip?: { readonly from: string; readonly to: string; readonly protocol: number; readonly payload: Buffer };
}

export function decodeFrame(bytes: Buffer): SeenFrame {
  const type = bytes.readUInt16BE(12);
  const frame = { bytes, to: macText(bytes.subarray(0, 6)), from: macText(bytes.subarray(6, 12)), type };
  const body = bytes.subarray(14);
  if (type === ETHERTYPE.arp) {
    const sender = { mac: macText(body.subarray(8, 14)), ip: ipText(body.subarray(14, 18)) };
    return { ...frame, arp: { operation: body.readUInt16BE(6), sender, targetIp: ipText(body.subarray(24, 28)) } };
  }
  if (type !== ETHERTYPE.ipv4) return frame;
  const headerBytes = (body.readUInt8(0) & 15) * 4;
  const payload = body.subarray(headerBytes, body.readUInt16BE(2));
  return {
    ...frame,
    ip: {
      from: ipText(body.subarray(12, 16)),
      to: ipText(body.subarray(16, 20)),
      protocol: body.readUInt8(9),
      payload,
    },
  };
}

interface Segment {
  readonly protocol: number;
  readonly payload: Buffer;
  /** Where in the payload the checksum over it and the pseudo header goes. */
  readonly checksumAt: number;
}

function transport({ from, to }: Flow, { protocol, payload, checksumAt }: Segment): Buffer {
  const pseudoHeader = Buffer.concat([ipBytes(from), ipBytes(to), Buffer.from([0, protocol]), u16(payload.length)]);
  payload.writeUInt16BE(checksum(Buffer.concat([pseudoHeader, payload])), checksumAt);
  return ipv4({ from, to, protocol, payload });
}

function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2)
    sum += (bytes.readUInt8(at) << 8) + (at + 1 < bytes.length ? bytes.readUInt8(at + 1) : 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

function macBytes(mac: string): Buffer {
  return Buffer.from(mac.replaceAll(":", ""), "hex");
}

function ipBytes(ip: string): Buffer {
  return Buffer.from(ip.split(".").map(Number));
}

function macText(bytes: Buffer): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
}

function ipText(bytes: Buffer): string {
  return [...bytes].join(".");
}
