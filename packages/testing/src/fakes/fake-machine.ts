/**
 * The host behind the fakes: what exists on it, whoever made it. It outlives every agent, and keeps
 * a list of what must never happen, so that a test sees a wrong order even if nothing failed.
 */
import type { Duplex } from "node:stream";
import { NO_MEM_OVERHEAD, type InstanceId, type MemOverhead, type ProcessRef } from "@mvm/core";
import type { DriverCapabilities, GuestPort, VmHandle, VmLimits } from "@mvm/runtime";
import type { FakeClock } from "./fake-clock.ts";
import type { MemoryFiles } from "./memory-files.ts";

/** What the machine and its VMM know of a guest. */
export interface GuestOfVm {
  connect(): Duplex;
  end(): void;
}

export interface FakeVm {
  readonly handle: VmHandle;
  readonly tap: string;
  readonly dataPath: string | null;
  readonly memMib: number;
  readonly limits: VmLimits;
  /** What its VMM shows of its data drive. */
  dataMib: number;
  /** Null until it was let run. */
  guest: GuestOfVm | null;
}

export interface FakeNamespace {
  ports: readonly GuestPort[];
  /** Owner's uid by tap. */
  readonly taps: Map<string, number>;
}

/** What the next boots of an instance do, first to last; afterwards they go well. */
export type BootScript = "well" | "hang" | "silent" | "die" | "unconfined";

export class FakeMachine {
  readonly clock: FakeClock;
  readonly files: MemoryFiles;
  /** What its driver opens. */
  readonly dataDrive: DriverCapabilities["dataDrive"];
  /** Volumes that the host holds open: the file behind each device. */
  readonly devices = new Map<string, string>();
  readonly vms = new Map<number, FakeVm>();
  readonly namespaces = new Map<string, FakeNamespace>();
  readonly boots = new Map<InstanceId, BootScript[]>();
  /** Instances whose guest does not stop when it is asked to. */
  readonly stubborn = new Set<InstanceId>();
  /** Instances whose guest is of a time before it could grow its file system. */
  readonly unableToGrow = new Set<InstanceId>();
  /** Loopback ports that something else has. */
  readonly foreignPorts = new Set<number>();
  /** Tenants whose key is not in the key store. */
  readonly missingKeys = new Set<string>();
  readonly corruptedRevisions = new Set<string>();
  /** What its VMM takes beyond a guest's memory. */
  memOverhead: MemOverhead = NO_MEM_OVERHEAD;
  /** How long it takes to hold an image against its manifest. */
  imageCheckMs = 0;
  /** Instances whose VMM was refused by the host's disk. */
  readonly diskFailed = new Set<InstanceId>();
  /** Namespaces whose rules the kernel refuses. */
  readonly refusedNamespaces = new Set<string>();
  readonly violations: string[] = [];
  /** VMs that were killed while they ran. */
  readonly kills: InstanceId[] = [];
  readonly #formatted = new Set<string>();
  #pids = 1000;

  constructor(parts: {
    readonly clock: FakeClock;
    readonly files: MemoryFiles;
    /** Default `luks-file`. */
    readonly dataDrive?: DriverCapabilities["dataDrive"];
  }) {
    this.clock = parts.clock;
    this.files = parts.files;
    this.dataDrive = parts.dataDrive ?? "luks-file";
  }

  /** Where what is written to a drive comes to lie. */
  fileBehind(path: string): string {
    return this.devices.get(path) ?? path;
  }

  violated(sentence: string): void {
    this.violations.push(sentence);
  }

  /** A guest made a file system: of each UUID only once, else data was lost. */
  noteFormatted(uuid: string): void {
    if (this.#formatted.has(uuid)) this.violated(`the volume ${uuid} is formatted anew: its data is lost`);
    this.#formatted.add(uuid);
  }

  addVm(vm: Omit<FakeVm, "handle" | "guest"> & { readonly handle: Omit<VmHandle, "process"> }): FakeVm {
    const pid = (this.#pids += 1);
    const { handle, dataPath } = vm;
    for (const other of this.vms.values()) {
      if (other.handle.uid === handle.uid) this.violated(`uid ${handle.uid} runs ${other.handle.id} and ${handle.id}`);
      if (dataPath !== null && other.dataPath === dataPath) this.violated(`${dataPath} is open twice`);
    }
    const added: FakeVm = { ...vm, handle: { ...handle, process: { pid, startTicks: pid * 7 } }, guest: null };
    this.vms.set(pid, added);
    return added;
  }

  find(process: ProcessRef): FakeVm | null {
    const vm = this.vms.get(process.pid);
    return vm?.handle.process.startTicks === process.startTicks ? vm : null;
  }

  /** The VM's process ends, whatever the reason. */
  endVm(process: ProcessRef): void {
    const vm = this.find(process);
    vm?.guest?.end();
    if (vm !== null) this.vms.delete(process.pid);
  }

  vmOf(id: InstanceId): FakeVm | null {
    return [...this.vms.values()].find(({ handle }) => handle.id === id) ?? null;
  }

  /** The machine starts anew: disks keep what they hold, everything else is gone. */
  async reboot(runtimeDir: string): Promise<void> {
    for (const { handle } of [...this.vms.values()]) this.endVm(handle.process);
    this.namespaces.clear();
    this.devices.clear();
    await this.files.remove(runtimeDir);
  }

  /** Everything on this machine that carries the instance's name or uid. */
  leftoversOf(id: InstanceId): readonly string[] {
    const processes = [...this.vms.values()]
      .filter(({ handle }) => handle.id === id)
      .map(({ handle }) => `process ${handle.process.pid}`);
    const paths = this.files.paths().filter((path) => path.split("/").includes(id));
    const ports = [...this.namespaces].flatMap(([name, { ports: known, taps }]) =>
      known
        .filter(({ instance }) => instance.instance_id === id)
        .map(({ instance }) => (taps.has(instance.tap) ? `tap ${instance.tap} in ${name}` : `rules in ${name}`)),
    );
    const devices = [...this.devices].filter(([, file]) => file.split("/").includes(id)).map(([device]) => device);
    return [...processes, ...ports, ...paths, ...devices];
  }
}
