/**
 * The two verdicts of an isolation test: a packet arrives, or the victim stays silent. Silence
 * counts only after a control that succeeded, and is looked for at the victim, never concluded
 * from a sender's time-out. Every packet carries a tag that no other carries.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket, type TcpNetConnectOpts } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

import { tcp, TCP_FLAG, udp } from "./ethernet-frames.ts";
import type { RawGuest } from "./raw-guest.ts";

/** Builds a frame or packet that carries the tag. */
export type Tagged = (tag: string) => Buffer;

/** How long a stray packet may still be under way after the control arrived. */
export const SETTLE_MS = 60;
/** How long a connection that must not come about is waited for. */
const REFUSAL_MS = 400;
const CONNECT_MS = 15_000;
const FROM_PORT = 40_000;

let serial = 0;

export function newTag(): string {
  serial += 1;
  return `packet-${String(serial).padStart(4, "0")}`;
}

export function sawTag(guest: RawGuest, tag: string): boolean {
  return guest.seen.some(({ bytes }) => bytes.includes(tag));
}

/** Sends a frame and waits until it is seen at `to`. */
export async function arrives(from: RawGuest, to: RawGuest, frame: Tagged): Promise<void> {
  const tag = newTag();
  from.send(frame(tag));
  await to.waitFor(({ bytes }) => bytes.includes(tag), tag);
}

export interface DeniedCell {
  readonly from: RawGuest;
  readonly frame: Tagged;
  /** Shows that a like packet passes where it should; throws when it does not. */
  readonly control: () => Promise<void>;
}

/** Sends a frame, runs the control, and only then looks that `victim` saw nothing of it. */
export async function isSilent(victim: RawGuest, { from, frame, control }: DeniedCell): Promise<void> {
  const tag = newTag();
  from.send(frame(tag));
  await control();
  await sleep(SETTLE_MS);
  assert.equal(sawTag(victim, tag), false, `${tag} arrived at ${victim.ip}`);
}

/** An IPv4 packet with a TCP SYN. */
export function syn(from: string, to: string, toPort: number): Tagged {
  return (tag) => tcp({ from, to, fromPort: FROM_PORT, toPort }, { flags: TCP_FLAG.syn, seq: 1, ack: 0, data: tag });
}

/** An IPv4 packet with a UDP datagram. */
export function datagram(from: string, to: string, toPort: number): Tagged {
  return (tag) => udp({ from, to, fromPort: FROM_PORT, toPort }, tag);
}

/** A TCP connection of the host to a guest, which must come about. */
export async function hostConnects(guest: RawGuest, port: number): Promise<Socket> {
  const socket = await tryConnect({ host: guest.ip, port }, CONNECT_MS);
  assert.ok(socket, `nobody answered the host at ${guest.ip}:${port}`);
  return socket;
}

/** Holds that no connection comes about, from `localAddress` if given. What the guest saw is for the caller to look at. */
export async function hostIsRefused(guest: RawGuest, port: number, localAddress?: string): Promise<void> {
  const socket = await tryConnect(
    { host: guest.ip, port, ...(localAddress === undefined ? {} : { localAddress }) },
    REFUSAL_MS,
  );
  socket?.destroy();
  assert.equal(socket, null, `the host was answered at ${guest.ip}:${port}`);
}

/** The positive control of everything about a guest's ingress port: the host reaches it. */
export async function hostReaches(guest: RawGuest, port: number): Promise<void> {
  const socket = await hostConnects(guest, port);
  socket.resetAndDestroy();
}

async function tryConnect(target: TcpNetConnectOpts, waitMs: number): Promise<Socket | null> {
  const socket = connect(target);
  const isOpen = await Promise.race([
    once(socket, "connect").then(
      () => true,
      () => false,
    ),
    sleep(waitMs, false, { ref: false }),
  ]);
  // What becomes of the connection later is seen by the guest.
  socket.on("error", () => undefined);
  if (isOpen) return socket;
  socket.destroy();
  return null;
}
