/**
 * What can be seen of a VMM's process from outside: read from /proc, decided upon in confinement.ts. Called
 * before the guest's first instruction and again when all threads are there.
 */
import { join } from "node:path";
import { MvmError, type Files, type ProcessFacts, type ProcessRef, type Processes } from "@mvm/core";
import type { FileIdentity, RawFiles } from "../../ports/raw-files.ts";

const MAX_FILE_BYTES = 1024 * 1024;
const KTHREADD_PID = 2;

export interface SightPorts {
  readonly files: Files;
  readonly processes: Processes;
  readonly raw: RawFiles;
}

/** An open descriptor: what is behind it and the kernel's name for it. */
export interface OpenDescriptor {
  readonly number: string;
  readonly name: string;
  readonly file: FileIdentity | null;
}

export interface ProcessSight {
  readonly facts: ProcessFacts;
  /** Relative to the mount of cgroup v2, with a leading slash. */
  readonly cgroup: string;
  /** What else is in the VM's control group. */
  readonly groupMates: readonly GroupMate[];
  /** Null when it could not be read. */
  readonly pidNamespace: string | null;
  readonly mountNamespace: string | null;
  /** Its pid in each pid namespace from the host's to its own. */
  readonly pids: readonly number[];
  /** Its root directory. */
  readonly root: FileIdentity | null;
  /** Its working directory. */
  readonly cwd: FileIdentity | null;
  /** How many mounts it sees. */
  readonly mounts: number;
  readonly descriptors: readonly OpenDescriptor[];
  /** Paths of the Unix sockets of its network namespace, by inode. */
  readonly sockets: ReadonlyMap<string, string>;
  readonly limits: { readonly openFiles: number; readonly fileSizeBytes: number };
  readonly threads: readonly Thread[];
}

export interface FilterState {
  /** 0 off, 1 strict, 2 filter. */
  readonly seccomp: number;
  /** How many filters, inherited ones too; null on kernels that don't tell (before 5.9). */
  readonly filters: number | null;
}

export interface Thread extends FilterState {
  readonly name: string;
  readonly noNewPrivs: boolean;
}

/** Another process in a VM's control group. */
export interface GroupMate {
  readonly pid: number;
  readonly name: string;
  /** Of the kernel, which puts workers of KVM where their VM is. */
  readonly isKernelThread: boolean;
}

/**
 * @param group directory of the VM's control group
 * @throws MvmError MVM_VM_DRIVER when the process is gone
 */
export async function observeProcess(ports: SightPorts, ref: ProcessRef, group: string): Promise<ProcessSight> {
  const at = `/proc/${ref.pid}`;
  const text = async (name: string): Promise<string> =>
    (await ports.files.read(join(at, name), MAX_FILE_BYTES))?.toString("utf8") ?? "";
  const [cgroup, status, mounts, unix, limits] = await Promise.all(
    ["cgroup", "status", "mountinfo", "net/unix", "limits"].map(text),
  );
  const sight = {
    cgroup: lineOf(cgroup, /^0::(.*)$/m),
    groupMates: await groupMates(ports, group, ref),
    ...(await observeNamespaces(ports, at)),
    pids: lineOf(status, /^NSpid:\s*(.*)$/m)
      .split(/\s+/)
      .map(Number),
    root: await ports.raw.identify(join(at, "root")),
    cwd: await ports.raw.identify(join(at, "cwd")),
    mounts: (mounts ?? "").split("\n").filter((line) => line !== "").length,
    descriptors: await descriptors(ports, at),
    sockets: unixSockets(unix ?? ""),
    limits: {
      openFiles: Number(lineOf(limits, /^Max open files\s+\d+\s+(\d+)/m)),
      fileSizeBytes: Number(lineOf(limits, /^Max file size\s+\d+\s+(\d+)/m)),
    },
    threads: await threads(ports, at),
  };
  const facts = await ports.processes.facts(ref);
  if (facts === null) throw new MvmError("MVM_VM_DRIVER", { message: "Firecracker ended while it was looked at" });
  return { ...sight, facts };
}

/** @param at directory of a process in /proc */
export async function observeNamespaces(
  { raw }: Pick<SightPorts, "raw">,
  at: string,
): Promise<Pick<ProcessSight, "pidNamespace" | "mountNamespace">> {
  const [pidNamespace, mountNamespace] = await Promise.all([
    raw.readLink(join(at, "ns/pid")),
    raw.readLink(join(at, "ns/mnt")),
  ]);
  return { pidNamespace, mountNamespace };
}

/** @param at directory of a process in /proc */
export async function observeFilters({ files }: Pick<SightPorts, "files">, at: string): Promise<FilterState> {
  return filterState((await files.read(join(at, "status"), MAX_FILE_BYTES))?.toString("utf8") ?? "");
}

function filterState(status: string): FilterState {
  const filters = lineOf(status, /^Seccomp_filters:\s*(\d+)$/m);
  return {
    // Unread is neither on nor off.
    seccomp: Number.parseInt(lineOf(status, /^Seccomp:\s*(\d+)$/m), 10),
    filters: filters === "" ? null : Number(filters),
  };
}

async function groupMates(ports: SightPorts, group: string, { pid }: ProcessRef): Promise<readonly GroupMate[]> {
  const text = (await ports.files.read(join(group, "cgroup.procs"), MAX_FILE_BYTES))?.toString("utf8") ?? "";
  const others = text.split("\n").filter((line) => line !== "" && line !== String(pid));
  const found = await Promise.all(others.map((other) => observeGroupMate(ports, Number(other))));
  return found.filter((mate) => mate !== null);
}

/** Null when it is gone by now. */
async function observeGroupMate({ files }: Pick<SightPorts, "files">, pid: number): Promise<GroupMate | null> {
  const status = await files.read(join("/proc", String(pid), "status"), MAX_FILE_BYTES).catch(() => null);
  if (status === null) return null;
  const text = status.toString("utf8");
  const parent = Number(lineOf(text, /^PPid:\s*(\d+)$/m));
  return { pid, name: lineOf(text, /^Name:\s*(.*)$/m), isKernelThread: parent === KTHREADD_PID };
}

function lineOf(text: string | undefined, line: RegExp): string {
  return line.exec(text ?? "")?.[1] ?? "";
}

async function descriptors({ files, raw }: SightPorts, at: string): Promise<readonly OpenDescriptor[]> {
  const numbers = await files.list(join(at, "fd"));
  return Promise.all(
    numbers.map(async (number) => {
      const path = join(at, "fd", number);
      return { number, name: (await raw.readLink(path)) ?? "", file: await raw.identify(path) };
    }),
  );
}

/** Of /proc/PID/net/unix: `Num RefCount Protocol Flags Type St Inode Path`; only sockets with a path. */
function unixSockets(text: string): ReadonlyMap<string, string> {
  const rows = text.split("\n").map((line) => line.trim().split(/\s+/));
  return new Map(
    rows.flatMap(([, , , , , , inode, path]) =>
      inode === undefined || path === undefined ? [] : [[inode, path] as const],
    ),
  );
}

async function threads({ files }: SightPorts, at: string): Promise<readonly Thread[]> {
  const ids = await files.list(join(at, "task"));
  const texts = await Promise.all(
    ids.map(async (id) => (await files.read(join(at, "task", id, "status"), MAX_FILE_BYTES))?.toString("utf8")),
  );
  return texts.flatMap((text) =>
    text === undefined
      ? []
      : [
          {
            name: lineOf(text, /^Name:\s*(.*)$/m),
            ...filterState(text),
            noNewPrivs: lineOf(text, /^NoNewPrivs:\s*(\d+)$/m) === "1",
          },
        ],
  );
}
