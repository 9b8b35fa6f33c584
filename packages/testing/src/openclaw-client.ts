/**
 * A tenant's own client of an OpenClaw gateway, from outside: WebSocket over TLS with the shared
 * token and a device identity of its own. Used by acceptance tests; it knows nothing of mvm.
 *
 * A gateway lets a new device wait until it is approved: `connectWhenAdmitted` knocks until it is.
 */
import { createHash, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { TLSSocket } from "node:tls";
import WebSocket from "ws";
import * as z from "zod";

const PROTOCOL = 4;
const CLIENTS = {
  operator: { id: "gateway-client", version: "1.0.0", platform: "linux", mode: "backend" },
  node: { id: "node-host", version: "1.0.0", platform: "linux", mode: "node" },
} as const;
const SCOPES = ["operator.read", "operator.write", "operator.admin"];
const DEFAULT_TIMEOUT_MS = 120_000;
/** A first turn loads much of OpenClaw, which an emulated gateway takes minutes for. */
const TURN_TIMEOUT_MS = 600_000;

const Frame = z.discriminatedUnion("type", [
  z.object({ type: z.literal("event"), event: z.string(), payload: z.unknown().optional() }),
  z.object({
    type: z.literal("res"),
    id: z.string(),
    ok: z.boolean(),
    payload: z.unknown().optional(),
    error: z
      .object({
        code: z.string(),
        message: z.string(),
        details: z.object({ code: z.string().optional() }).loose().optional(),
      })
      .optional(),
  }),
]);
const Challenge = z.object({ nonce: z.string(), ts: z.number() });

const HelloOk = z.object({
  type: z.literal("hello-ok"),
  server: z.object({ version: z.string() }).loose(),
  auth: z.object({ role: z.string(), scopes: z.array(z.string()), deviceToken: z.string().optional() }).loose(),
});
export type HelloOk = z.infer<typeof HelloOk>;

/** The gateway's refusal: its code, and the finer one of its details. */
export class GatewayRefusal extends Error {
  override readonly name = "GatewayRefusal";
  readonly code: string;
  readonly detailCode: string;

  constructor(error: { readonly code: string; readonly message: string; readonly detailCode: string }) {
    super(error.message);
    this.code = error.code;
    this.detailCode = error.detailCode;
  }
}

/** A turn that the gateway took and ended with an error of its own. */
export class TurnFailed extends Error {
  override readonly name = "TurnFailed";
}

/** An Ed25519 key by which a gateway knows a device. */
export interface DeviceIdentity {
  readonly id: string;
  readonly publicKey: string;
  readonly privateKey: KeyObject;
}

export function newDeviceIdentity(): DeviceIdentity {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  // The raw key is the last 32 bytes of its DER form.
  const raw = publicKey.export({ type: "spki", format: "der" }).subarray(-32);
  return { id: createHash("sha256").update(raw).digest("hex"), publicKey: raw.toString("base64url"), privateKey };
}

export interface OpenClawClientOptions {
  /** `wss://host:port` */
  readonly url: string;
  /** The shared token, or whatever the test holds in its stead. */
  readonly token?: string;
  /** Other credentials of `connect`'s `auth`, such as `bootstrapToken` or `deviceToken`. */
  readonly auth?: Readonly<Record<string, string>>;
  /** Without one the gateway gives a remote client no scopes. */
  readonly identity?: DeviceIdentity;
  /** Default `operator`. */
  readonly role?: keyof typeof CLIENTS;
  readonly scopes?: readonly string[];
  /** SHA-256 of the gateway's certificate, hexadecimal; without it any certificate passes. */
  readonly tlsFingerprint?: string;
  readonly timeoutMs?: number;
}

export class OpenClawClient {
  readonly hello: HelloOk;
  readonly #wire: Wire;

  private constructor(wire: Wire, hello: HelloOk) {
    this.#wire = wire;
    this.hello = hello;
  }

  /** Connects once. Rejects with GatewayRefusal when the gateway does not admit it. */
  static async connect(options: OpenClawClientOptions): Promise<OpenClawClient> {
    const wire = await Wire.open(options);
    try {
      const { nonce, ts } = await wire.challenge;
      const hello = HelloOk.parse(await wire.call("connect", connectParams(options, nonce, ts)));
      return new OpenClawClient(wire, hello);
    } catch (error) {
      wire.close();
      throw error;
    }
  }

  /** Calls a method; rejects with GatewayRefusal. */
  call(method: string, params: object = {}): Promise<unknown> {
    return this.#wire.call(method, params);
  }

  /** One turn of the agent: resolves with its final reply, rejects with TurnFailed or GatewayRefusal. */
  async turn(message: string, idempotencyKey: string): Promise<string> {
    const Run = z.object({ runId: z.string() });
    const Reply = z.object({
      status: z.string(),
      error: z.string().optional(),
      terminalReply: z.object({ text: z.string() }).loose().optional(),
    });
    const { runId } = Run.parse(await this.call("agent", { message, sessionKey: "agent:main:main", idempotencyKey }));
    const ended = Reply.parse(
      await this.#wire.call("agent.wait", { runId, timeoutMs: TURN_TIMEOUT_MS }, TURN_TIMEOUT_MS + DEFAULT_TIMEOUT_MS),
    );
    if (ended.status !== "ok")
      throw new TurnFailed(`the turn ended with ${ended.status}: ${ended.error ?? "no reason given"}`);
    return ended.terminalReply?.text ?? "";
  }

  close(): void {
    this.#wire.close();
  }
}

/** Connects again and again while the gateway lets the device wait for its approval. */
export async function connectWhenAdmitted(options: OpenClawClientOptions): Promise<OpenClawClient> {
  const until = performance.now() + (options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
  for (;;) {
    try {
      return await OpenClawClient.connect(options);
    } catch (error) {
      const isWaiting = error instanceof GatewayRefusal && error.code === "NOT_PAIRED";
      if (!isWaiting || performance.now() > until) throw error;
      await delay(500);
    }
  }
}

function connectParams(options: OpenClawClientOptions, nonce: string, ts: number): object {
  const role = options.role ?? "operator";
  const client = CLIENTS[role];
  const scopes = options.scopes ?? (role === "operator" ? SCOPES : []);
  const auth = { ...(options.token === undefined ? {} : { token: options.token }), ...options.auth };
  const params = {
    minProtocol: PROTOCOL,
    maxProtocol: PROTOCOL,
    client,
    role,
    scopes,
    caps: [],
    ...(Object.keys(auth).length > 0 ? { auth } : {}),
  };
  if (options.identity === undefined) return params;
  const { id, publicKey, privateKey } = options.identity;
  const secret = Object.values(auth)[0] ?? "";
  const signed = [
    "v3",
    id,
    client.id,
    client.mode,
    role,
    scopes.join(","),
    ts,
    secret,
    nonce,
    client.platform,
    "",
  ].join("|");
  const signature = sign(null, Buffer.from(signed), privateKey).toString("base64url");
  return { ...params, device: { id, publicKey, signature, signedAt: ts, nonce } };
}

/** The socket with its frames: numbered calls, the challenge, nothing of their meaning. */
class Wire {
  readonly challenge: Promise<z.infer<typeof Challenge>>;
  readonly #socket: WebSocket;
  readonly #timeoutMs: number;
  readonly #waiting = new Map<string, PromiseWithResolvers<unknown>>();
  readonly #challenge = Promise.withResolvers<z.infer<typeof Challenge>>();
  #calls = 0;

  private constructor(socket: WebSocket, timeoutMs: number) {
    this.#socket = socket;
    this.#timeoutMs = timeoutMs;
    this.challenge = this.#challenge.promise;
    this.challenge.catch(() => undefined);
    socket.on("message", (data: Buffer) => this.#receive(data.toString("utf8")));
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", (code, reason) =>
      this.#fail(new Error(`the gateway closed with ${code}: ${reason.toString("utf8")}`)),
    );
  }

  static open(options: OpenClawClientOptions): Promise<Wire> {
    const socket = new WebSocket(options.url, { rejectUnauthorized: false, handshakeTimeout: 30_000 });
    const wire = new Wire(socket, options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
    return new Promise((resolve, reject) => {
      socket.on("error", reject);
      socket.on("upgrade", (response) => {
        const seen = (response.socket as TLSSocket)
          .getPeerCertificate()
          .fingerprint256.replaceAll(":", "")
          .toLowerCase();
        if (options.tlsFingerprint === undefined || options.tlsFingerprint === seen) return;
        reject(new Error(`the gateway shows the certificate ${seen}`));
        socket.terminate();
      });
      socket.on("open", () => resolve(wire));
    });
  }

  async call(method: string, params: object, timeoutMs = this.#timeoutMs): Promise<unknown> {
    this.#calls += 1;
    const id = String(this.#calls);
    const answer = Promise.withResolvers<unknown>();
    this.#waiting.set(id, answer);
    const over = new AbortController();
    const late = delay(timeoutMs, undefined, { signal: over.signal }).then(() => {
      throw new Error(`no answer to ${method} within ${timeoutMs} ms`);
    });
    this.#socket.send(JSON.stringify({ type: "req", id, method, params }));
    try {
      return await Promise.race([answer.promise, late]);
    } finally {
      over.abort();
      late.catch(() => undefined);
      this.#waiting.delete(id);
    }
  }

  close(): void {
    this.#socket.terminate();
  }

  #receive(text: string): void {
    const frame = Frame.parse(JSON.parse(text));
    if (frame.type === "event") {
      if (frame.event === "connect.challenge") this.#challenge.resolve(Challenge.parse(frame.payload));
      return;
    }
    const waiting = this.#waiting.get(frame.id);
    if (frame.ok) waiting?.resolve(frame.payload);
    else
      waiting?.reject(
        new GatewayRefusal({ code: "", message: "", ...frame.error, detailCode: frame.error?.details?.code ?? "" }),
      );
  }

  #fail(error: Error): void {
    this.#challenge.reject(error);
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
  }
}
