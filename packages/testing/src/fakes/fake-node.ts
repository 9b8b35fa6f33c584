/**
 * A whole node in memory: one fake machine, and on it one agent after the other over the same
 * journal. Time passes only inside `until`. Every run of the same seed is the same run.
 */
import { setImmediate } from "node:timers/promises";
import {
  createNodeAgent,
  openAgentDatabase,
  sqliteJournal,
  type AgentSettings,
  type Journal,
  type NodeAgent,
  type NodeAgentPorts,
} from "@mvm/agent";
import {
  firstBrokenEntry,
  InstanceId,
  MvmError,
  NodeId,
  Secret,
  type InstanceState,
  type InstanceStatus,
  type Logger,
  type NodeSpec,
} from "@mvm/core";
import { AgentProcess, through } from "./agent-process.ts";
import { FakeClock } from "./fake-clock.ts";
import { fakeDriver, fakeFingerprint } from "./fake-driver.ts";
import { fakeDrives } from "./fake-drives.ts";
import { FakeMachine } from "./fake-machine.ts";
import { fakeNetworks } from "./fake-networks.ts";
import { fakeProcesses } from "./fake-processes.ts";
import { fakeVolumes, readVolume, type Volume } from "./fake-volumes.ts";
import { MemoryFiles } from "./memory-files.ts";
import { seededRandom } from "./seeded-random.ts";

const STATE_DIR = "/var/lib/mvm";
const RUNTIME_DIR = "/run/mvm";
const MINUTE_MS = 60_000;

export const FAKE_TENANT_KEY = new Secret(Buffer.alloc(32, 7));

const SETTINGS: AgentSettings = {
  node: NodeId.parse("node-1"),
  mode: "development",
  config: { path: "/etc/mvm/mvm.toml", rule: "system", hash: "config-1" },
  coordinatorSocket: "/run/mvm/coordinator.sock",
  imagesDir: "/var/cache/mvm/images",
  acceptedImages: ["debian"],
  stateDir: STATE_DIR,
  runtimeDir: RUNTIME_DIR,
  keysDir: `${STATE_DIR}-keys`,
  firecrackerDir: "/usr/local/bin",
  acceptedFirecracker: [],
  namePrefix: "mvm",
  uidRange: [200_000, 200_031],
  parallelStarts: 2,
  guestMemMib: 4096,
  reservedMemMib: 1024,
  cpus: 2,
  bootTimeoutMs: 60_000,
  signOfLifeTimeoutMs: 20_000,
  stopTimeoutMs: 10_000,
};

export interface LogLine {
  readonly level: "info" | "warn" | "error";
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** The calls that a simulated host may make fail: those with an effect, and the looks that decide. */
const counted = {
  driver: ["launch", "adopt", "growDrive", "kill", "sweep"],
  networks: ["ensureNetwork", "ensureTap", "removeTap", "removeNetwork"],
  volumes: ["ensureVolume", "growVolume", "openVolume", "dataDrive", "hideKey", "closeVolume", "destroyVolume"],
  drives: ["write"],
  files: ["ensureDir", "stat", "remove"],
  processes: ["ofUid"],
} as const;

export interface FakeNodeOptions {
  readonly seed?: number;
  /** The kind of volumes; default `luks-file`. */
  readonly dataDrive?: FakeMachine["dataDrive"];
  readonly settings?: Partial<AgentSettings>;
}

export class FakeNode {
  readonly machine: FakeMachine;
  readonly settings: AgentSettings;
  readonly log: LogLine[] = [];
  readonly #clock = new FakeClock();
  readonly #database = openAgentDatabase(":memory:");
  readonly #random;
  readonly #forwarders = new Map<number, AgentProcess>();
  #process = new AgentProcess();
  #agent: NodeAgent | null = null;
  #running: Promise<void> = Promise.resolve();

  constructor(options: FakeNodeOptions = {}) {
    this.settings = { ...SETTINGS, ...options.settings };
    this.#random = seededRandom(options.seed ?? 1);
    this.machine = new FakeMachine({
      clock: this.#clock,
      files: new MemoryFiles({ tmpfs: [`${RUNTIME_DIR}/secrets`] }),
      ...(options.dataDrive === undefined ? {} : { dataDrive: options.dataDrive }),
    });
  }

  /** A node whose agent has made the spec true. */
  static async started(spec: NodeSpec, options: FakeNodeOptions = {}): Promise<FakeNode> {
    const node = new FakeNode(options);
    node.startAgent();
    node.takeSpec(spec);
    if (!(await node.converged())) throw new Error("the node does not converge");
    return node;
  }

  /** The process of the newest agent. */
  get process(): AgentProcess {
    return this.#process;
  }

  get agent(): NodeAgent {
    if (this.#agent === null) throw new Error("no agent was started");
    return this.#agent;
  }

  /** A look at the journal that no agent takes part in. */
  journal(): Journal {
    return sqliteJournal(this.#database);
  }

  /** Starts an agent, as after a boot or a death. `prepare` may plan faults for it. */
  startAgent(prepare: (process: AgentProcess) => void = () => undefined): NodeAgent {
    const process = new AgentProcess();
    prepare(process);
    this.#process = process;
    const startedAtMs = this.#clock.nowMs();
    const agent = createNodeAgent({
      settings: this.settings,
      ports: this.#portsFor(process),
      facts: () => ({
        agentVersion: "test",
        startedAtMs,
        driver: fakeFingerprint,
        memOverhead: this.machine.memOverhead,
        relaxations: [],
      }),
      agentVersion: "test",
      changed: () => undefined,
    });
    this.#agent = agent;
    this.#running = agent.recover().then(() => agent.run());
    return agent;
  }

  /** Ends the agent in order; its VMs stay. */
  async stopAgent(): Promise<void> {
    await this.during(this.agent.close());
    await this.during(this.#running);
    this.#process.kill();
  }

  /** The agent's process dies where it is. */
  kill(): void {
    this.#process.kill();
  }

  takeSpec(spec: NodeSpec): void {
    this.agent.takeSpec(spec);
  }

  /** Lets time pass until `isSo`, or `limitMs`; whether it came about. */
  async until(isSo: () => boolean, limitMs: number = 20 * MINUTE_MS): Promise<boolean> {
    const endMs = this.#clock.monotonicMs() + limitMs;
    for (;;) {
      await drained();
      if (isSo()) return true;
      if (!this.#clock.advanceToNext(endMs)) return isSo();
    }
  }

  /** Lets time pass until `work` has ended. */
  async during<Result>(work: Promise<Result>): Promise<Result> {
    let ended = false;
    const end = (): void => {
      ended = true;
    };
    work.then(end, end);
    await this.until(() => ended);
    return work;
  }

  /** Lets time pass until nothing is left to do; whether that came about. */
  converged(limitMs?: number): Promise<boolean> {
    return this.until(() => this.#process.alive && this.agent.status().converged, limitMs);
  }

  /** The status of an instance that must be reported. */
  instance(id: string): InstanceStatus {
    const found = this.agent.status().instances.find(({ instance_id }) => instance_id === id);
    if (found === undefined) throw new Error(`${id} is not reported`);
    return found;
  }

  /** Its state; one that is reported no more is destroyed. */
  stateOf(id: string): InstanceState {
    return this.agent.status().instances.find(({ instance_id }) => instance_id === id)?.state ?? "destroyed";
  }

  /** What is inside the data volume of a VM that runs. */
  volumeOf(id: InstanceId): Volume {
    const path = this.machine.vmOf(id)?.dataPath ?? null;
    if (path === null) throw new Error(`${id} has no volume open`);
    return readVolume(this.machine.files, path);
  }

  isReady(id: string): boolean {
    return this.instance(id).guest?.ready === true;
  }

  /** Whether every instance that runs is ready. */
  allReady(): boolean {
    return this.agent.status().instances.every(({ state, guest }) => state !== "running" || guest?.ready === true);
  }

  /** Loopback ports that agents of this node listen on. */
  openPorts(): readonly number[] {
    return [...this.#forwarders].filter(([, process]) => process.alive).map(([port]) => port);
  }

  /** The instances that a log event named, in the order of the log. */
  logged(event: string): readonly unknown[] {
    return this.log.filter((line) => line.event === event).map(({ fields }) => fields["instance"]);
  }

  /** What must hold at any time: nothing forbidden happened, and the audit tells one unbroken, lawful story. */
  problems(): readonly string[] {
    const journal = this.journal();
    const problems = [...this.machine.violations];
    for (const { tenant_id } of journal.auditChains()) {
      const entries = journal.auditAfter(tenant_id, 0, 1_000_000);
      if (firstBrokenEntry(entries) !== null) problems.push(`the audit chain of ${tenant_id ?? "the node"} is broken`);
      const states = new Map<string, string>();
      for (const { instance_id, from, to, event } of entries) {
        if (instance_id === null || from === null || to === null) continue;
        const before = states.get(instance_id) ?? "stopped";
        const isReplaced = before === "destroyed" && from === "stopped";
        if (from !== before && !isReplaced)
          problems.push(`${instance_id}: ${event} tells of ${from}, the entry before of ${before}`);
        states.set(instance_id, to);
      }
      for (const [id, state] of states) {
        const known = journal.record(InstanceId.parse(id));
        if (known !== null && known.state !== state)
          problems.push(`${id} is ${known.state}, its audit ends with ${state}`);
      }
    }
    return problems;
  }

  #portsFor(process: AgentProcess): NodeAgentPorts {
    const { machine } = this;
    const clock = {
      nowMs: () => this.#clock.nowMs(),
      monotonicMs: () => this.#clock.monotonicMs(),
      sleep: (ms: number, signal?: AbortSignal) => this.#clock.sleep(ms, signal),
    };
    const wrap = <Port extends object>(name: keyof typeof counted, port: Port): Port =>
      through(process, port, { name, counted: counted[name] as unknown as readonly (keyof Port & string)[] });
    return {
      driver: wrap("driver", fakeDriver(machine, process)),
      networks: wrap("networks", fakeNetworks(machine)),
      volumes: wrap("volumes", fakeVolumes(machine)),
      drives: wrap("drives", fakeDrives(machine)),
      files: wrap("files", machine.files),
      processes: wrap("processes", fakeProcesses(machine)),
      clock: { ...clock, sleep: through(process, { sleep: clock.sleep }, { name: "clock", counted: [] }).sleep },
      random: this.#random,
      images: {
        verified: async (revision) => {
          if (machine.imageCheckMs > 0) await clock.sleep(machine.imageCheckMs);
          if (machine.corruptedRevisions.has(revision))
            throw new MvmError("MVM_IMAGE_CORRUPTED", {
              message: `revision ${revision} is not what its manifest says`,
            });
          return {
            kernelPath: "/images/kernel",
            vmlinuxPath: "/images/vmlinux",
            initrdPath: "/images/initrd",
            rootfsPath: "/images/rootfs",
          };
        },
      },
      keys: {
        async tenantKey(tenant) {
          if (machine.missingKeys.has(tenant))
            throw new MvmError("MVM_KEY_MISSING", { message: `tenant '${tenant}' has no key` });
          return FAKE_TENANT_KEY;
        },
      },
      journal: this.#journalFor(process),
      log: this.#loggerFor(process, {}),
      openForwarder: async (port) => {
        if (machine.foreignPorts.has(port) || this.#forwarders.get(port)?.alive === true)
          throw new MvmError("MVM_INGRESS_PORT_TAKEN", { message: `port ${port} is in use`, details: { port } });
        this.#forwarders.set(port, process);
        return { close: async () => void this.#forwarders.delete(port) };
      },
    };
  }

  /** A journal whose writes are counted and may be the process's last. */
  #journalFor(process: AgentProcess): Journal {
    const journal = sqliteJournal(this.#database);
    return {
      ...journal,
      write: (write) => process.write(() => journal.write(write)),
      forget: (id) => process.write(() => journal.forget(id)),
      append: (draft) => process.write(() => journal.append(draft)),
      acknowledge: (tenant, sequence) => process.write(() => journal.acknowledge(tenant, sequence)),
      saveSpec: (spec, at) => process.write(() => journal.saveSpec(spec, at)),
      close: () => undefined,
    };
  }

  #loggerFor(process: AgentProcess, base: Readonly<Record<string, unknown>>): Logger {
    const line = (level: LogLine["level"]) => (event: string, fields?: Readonly<Record<string, unknown>>) => {
      if (process.alive) this.log.push({ level, event, fields: { ...base, ...fields } });
    };
    return {
      info: line("info"),
      warn: line("warn"),
      error: line("error"),
      child: (fields) => this.#loggerFor(process, { ...base, ...fields }),
    };
  }
}

/** Every promise that can go on has gone on. */
function drained(): Promise<void> {
  return setImmediate();
}
