/**
 * A guest of the fake machine: boots, mounts its drives by the rules of the real mount script,
 * answers on the guest channel, becomes ready, pairs, and stops when it is asked to.
 */
import { Duplex } from "node:stream";
import { isoTime } from "@mvm/core";
import type { BootScript, FakeMachine, FakeVm, GuestOfVm } from "./fake-machine.ts";
import { readDriveImage } from "./fake-drives.ts";
import { readVolume, writeVolume } from "./fake-volumes.ts";

const HELLO_MS = 2_000;
const READY_MS = 3_000;
const STOP_MS = 800;
const BOOT_ID = "00000000-0000-4000-8000-000000000001";
const REFUSED = -32_004;
const NOT_READY = -32_002;
const BYTES_PER_MIB = 1024 * 1024;

type Drives =
  | { readonly ok: true; readonly secrets: boolean; readonly config: boolean; readonly data: string }
  | { readonly ok: false; readonly drive: string; readonly reason: string };

type Answer = { readonly result: unknown } | { readonly error: { readonly code: number; readonly message: string } };

export interface GuestBoot {
  readonly kernelArgs: readonly string[];
  readonly script: BootScript;
}

export class FakeGuest implements GuestOfVm {
  readonly #machine: FakeMachine;
  readonly #vm: FakeVm;
  readonly #boot: GuestBoot;
  readonly #startedAtMs: number;
  #drives: Drives | null = null;
  #stream: Duplex | null = null;

  constructor(machine: FakeMachine, vm: FakeVm, boot: GuestBoot) {
    this.#machine = machine;
    this.#vm = vm;
    this.#boot = boot;
    this.#startedAtMs = machine.clock.monotonicMs();
    void this.#run();
  }

  /** The only connection that a virtio-serial port has room for. */
  connect(): Duplex {
    this.#stream?.destroy();
    let rest = "";
    const stream = new Duplex({
      read: () => undefined,
      write: (chunk: Buffer, _encoding, done) => {
        const lines = (rest + chunk.toString("utf8")).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) if (line !== "") this.#answer(line, stream);
        done();
      },
    });
    this.#stream = stream;
    return stream;
  }

  end(): void {
    this.#stream?.destroy();
  }

  async #run(): Promise<void> {
    const { clock } = this.#machine;
    await clock.sleep(HELLO_MS);
    if (this.#boot.script === "die") this.#machine.endVm(this.#vm.handle.process);
    else if (this.#isAlive()) this.#drives = await this.#mountDrives();
  }

  /** As /usr/lib/mvm/mount-drives does it. */
  async #mountDrives(): Promise<Drives> {
    const word = this.#boot.kernelArgs.find((arg) => arg.startsWith("mvm.volume="));
    if (word === undefined || this.#vm.dataPath === null)
      return { ok: true, secrets: true, config: true, data: "none" };
    const [uuid = "", generation = ""] = word.slice("mvm.volume=".length).split(",");
    const volume = readVolume(this.#machine.files, this.#vm.dataPath);
    if (volume.fileSystem === null && generation !== "0")
      return { ok: false, drive: "data", reason: "no disk carries the data of this volume" };
    if (volume.fileSystem !== null && volume.fileSystem !== uuid)
      return { ok: false, drive: "data", reason: "it carries another volume's data" };
    if (volume.fileSystem === null) this.#machine.noteFormatted(uuid);
    const mounted = { ...volume, fileSystem: uuid, fileSystemMib: this.#vm.dataMib, boots: volume.boots + 1 };
    await writeVolume(this.#machine.files, this.#vm.dataPath, mounted);
    return { ok: true, secrets: true, config: true, data: volume.fileSystem === null ? "formatted" : "mounted" };
  }

  #isAlive(): boolean {
    return this.#machine.find(this.#vm.handle.process) !== null;
  }

  #answer(line: string, stream: Duplex): void {
    const isUp = this.#machine.clock.monotonicMs() - this.#startedAtMs >= HELLO_MS && this.#boot.script !== "silent";
    if (!isUp) return;
    const { id, method, params } = JSON.parse(line) as { id: string; method: string; params: Record<string, unknown> };
    const known = this.#isOld(method) ? undefined : this.#results(params)[method];
    const outcome = known?.() ?? { error: { code: REFUSED, message: `no method ${method}` } };
    stream.push(`${JSON.stringify({ jsonrpc: "2.0", id, ...outcome })}\n`);
  }

  #results(params: Record<string, unknown>): Readonly<Record<string, () => Answer>> {
    const agentVersion = "fake";
    return {
      hello: () => ({
        result: {
          version: 2,
          agent_version: agentVersion,
          boot_id: BOOT_ID,
          instance_id: this.#vm.handle.id,
          methods: [],
        },
      }),
      status: () => ({ result: this.#status(agentVersion) }),
      logs: () => ({
        result: {
          entries: [{ time_us: 1, unit: "app", priority: 6, message: "hello\u001b[31m" }],
          cursor: "s=1",
          more: false,
        },
      }),
      "data.grow": () => this.#grow(Number(params["size_bytes"])),
      shutdown: () => {
        void this.#stop();
        return { result: { accepted: true } };
      },
      "pairing.mint": () => ({ result: this.#offer() }),
      "pairing.offer": () => {
        this.#paired(String(params["setup_code"]));
        return { result: { accepted: true } };
      },
    };
  }

  #isOld(method: string): boolean {
    return method === "data.grow" && this.#machine.unableToGrow.has(this.#vm.handle.id);
  }

  #grow(sizeBytes: number): Answer {
    const { dataPath, dataMib } = this.#vm;
    if (dataPath === null || dataMib * BYTES_PER_MIB < sizeBytes)
      return { error: { code: NOT_READY, message: `the disk has ${dataMib} MiB` } };
    const { files } = this.#machine;
    void writeVolume(files, dataPath, { ...readVolume(files, dataPath), fileSystemMib: dataMib });
    return { result: { size_bytes: dataMib * BYTES_PER_MIB } };
  }

  #status(agentVersion: string): unknown {
    const handlers = this.#handlers().map((name) => {
      const needs = name === "openclaw.node" && !this.#isPaired() ? ["pairing"] : [];
      return { name, ready: this.#isReady(), reason: "as simulated", failure: null, needs, peers: [], active_work: 0 };
    });
    return {
      agent_version: agentVersion,
      boot_id: BOOT_ID,
      now_ms: this.#machine.clock.nowMs(),
      uptime_seconds: 1,
      load: [0, 0, 0],
      memory: { total_kib: 1, available_kib: 1 },
      drives: this.#drives,
      services: [],
      handlers,
      health: { ready: this.#isReady(), reason: this.#isReady() ? "booted" : "starting", failure: null },
      connectors: [],
    };
  }

  /** What its config drive says that it looks after. */
  #handlers(): readonly string[] {
    const image = readDriveImage(this.#machine.files, `${this.#vm.handle.stateDir}/config.img`);
    const document = image.files.find(({ path }) => path === "instance.json");
    const { guest_handlers: handlers } = JSON.parse(document?.contents ?? "{}") as { guest_handlers?: string[] };
    return handlers ?? [];
  }

  #isReady(): boolean {
    const isBooted =
      this.#drives?.ok === true && this.#machine.clock.monotonicMs() - this.#startedAtMs >= HELLO_MS + READY_MS;
    return isBooted && (!this.#handlers().includes("openclaw.node") || this.#isPaired());
  }

  #offer(): unknown {
    const expiresAt = isoTime(this.#machine.clock.nowMs() + 600_000);
    return {
      setup_code: "offer-of-a-gateway",
      url: "wss://10.64.1.10:18789",
      tls_fingerprint: "0".repeat(64),
      expires_at: expiresAt,
    };
  }

  #isPaired(): boolean {
    return this.#vm.dataPath !== null && readVolume(this.#machine.files, this.#vm.dataPath).paired;
  }

  #paired(setupCode: string): void {
    if (this.#vm.dataPath === null || setupCode !== "offer-of-a-gateway") return;
    void writeVolume(this.#machine.files, this.#vm.dataPath, {
      ...readVolume(this.#machine.files, this.#vm.dataPath),
      paired: true,
    });
  }

  async #stop(): Promise<void> {
    await this.#machine.clock.sleep(STOP_MS);
    if (!this.#machine.stubborn.has(this.#vm.handle.id)) this.#machine.endVm(this.#vm.handle.process);
  }
}
