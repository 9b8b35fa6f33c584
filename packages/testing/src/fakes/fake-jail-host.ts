/**
 * A host with a jailer in memory, behind the ports of the Firecracker driver: files, one VMM's process as
 * /proc shows it, loop devices and the VMM's API. For tests of the driver's flow; nothing of it is a promise
 * about Firecracker, which the lab's tests keep.
 */
import { basename, dirname, join } from "node:path";
import { Duplex, PassThrough } from "node:stream";
import type { Clock, CommandResult, ProcessFacts, ProcessRef } from "@mvm/core";
import type { FirecrackerDriverOptions } from "@mvm/runtime";
import { MemoryFiles } from "./memory-files.ts";

type Ports = FirecrackerDriverOptions;
type Identity = NonNullable<Awaited<ReturnType<Ports["raw"]["identify"]>>>;
type ApiRequest = Parameters<Ports["http"]["exchange"]>[0];

const CGROUPS = "/sys/fs/cgroup";
const PROCESS: ProcessRef = { pid: 4_711, startTicks: 99 };
const AT = `/proc/${PROCESS.pid}`;
const LOOP = { device: "/dev/loop7", rdev: (7 << 8) | 7 } as const;
const JAILER = "/programs/jailer";
const JAILS = "/jails";

/** What goes wrong on the host. */
export interface JailHostFlaws {
  /** A thread that the VMM makes without a filter, once the VM is made or runs. */
  readonly bareThread?: string;
  /** The jailer leaves the process root's and in no control group. */
  readonly leavesUnconfined?: boolean;
}

interface Vmm {
  readonly uid: number;
  readonly netNamespace: string;
  /** Directory of its control group; null outside of all. */
  readonly group: string | null;
}

export class FakeJailHost {
  readonly files = new MemoryFiles();
  /** Requests that the VMM's API had, in their order. */
  readonly asked: string[] = [];
  readonly #flaws: JailHostFlaws;
  readonly #special = new Map<number, Pick<Identity, "kind" | "rdev">>();
  readonly #links = new Map<string, string>();
  #vmm: Vmm | null = null;
  #attached: { readonly file: string; readonly isLetGo: boolean } | null = null;
  #nowMs = 0;

  constructor(flaws: JailHostFlaws) {
    this.#flaws = flaws;
    this.#links.set("/proc/self/ns/pid", "pid:[1]").set("/proc/self/ns/mnt", "mnt:[1]");
  }

  /** Whether the VMM's process lives. */
  get isAlive(): boolean {
    return this.#vmm !== null;
  }

  /** What a VM has left here, its process first. */
  leftovers(id: string): readonly string[] {
    const paths = [join(CGROUPS, "mvm.slice", id), join(JAILS, "firecracker", id)];
    return [
      ...(this.isAlive ? ["process"] : []),
      ...(this.#attached === null ? [] : [`loop device of ${this.#attached.file}`]),
      ...this.files.paths().filter((path) => paths.includes(path)),
    ];
  }

  /** Everything in the VM's jail that leads to a loop device. */
  async loopNodes(): Promise<readonly string[]> {
    const inJails = this.files.paths().filter((path) => path.startsWith(`${JAILS}/`));
    const devices = await Promise.all(inJails.map(async (path) => this.#special.get(await this.#inodeOf(path))?.rdev));
    return inJails.filter((_, index) => devices[index] === LOOP.rdev);
  }

  /** Puts a file there; with `disk` a disk of that number instead. */
  async place(
    path: string,
    options: { readonly text?: string; readonly mode?: number; readonly disk?: number } = {},
  ): Promise<void> {
    await this.files.ensureDir(dirname(path));
    await this.files.writeAtomic(path, options.text ?? "", { mode: options.mode ?? 0o444 });
    if (options.disk !== undefined) this.#special.set(await this.#inodeOf(path), { kind: "block", rdev: options.disk });
  }

  async #inodeOf(path: string): Promise<number> {
    return (await this.files.stat(path))?.inode ?? -1;
  }

  ports(): Ports {
    return {
      clock: this.#clock(),
      commands: { run: ({ argv }) => this.#run(argv) },
      files: this.files,
      http: { exchange: (request) => this.#answer(request) },
      pipes: { open: async () => new PassThrough() },
      processes: this.#processes(),
      raw: this.#raw(),
      sockets: {
        connect: async () => answering("OK 1\n"),
        openInlet: () => Promise.reject(new Error("this driver listens nowhere")),
      },
      programsDir: dirname(JAILER),
      jailsDir: JAILS,
      cgroupMount: CGROUPS,
      cgroupParent: "mvm.slice",
    };
  }

  /** Time passes while somebody sleeps, and only then; a sleep that can be called off is a deadline, never met. */
  #clock(): Clock {
    return {
      nowMs: () => this.#nowMs,
      monotonicMs: () => this.#nowMs,
      sleep: (ms, signal) => {
        if (signal !== undefined) return Promise.withResolvers<undefined>().promise;
        this.#nowMs += ms;
        return Promise.resolve();
      },
    };
  }

  #raw(): Ports["raw"] {
    const { files } = this;
    return {
      identify: async (path) => {
        const found = await files.stat(this.#links.get(path) ?? path);
        if (found === null || (found.kind !== "file" && found.kind !== "directory")) return null;
        const { kind, inode, uid, gid, mode } = found;
        const device = path.startsWith("/tmpfs/") ? 2 : 1;
        return { kind, device, inode, rdev: 0, uid, gid, mode, ...this.#special.get(inode) };
      },
      readLink: async (path) => this.#links.get(path) ?? null,
      write: async (path, text) => {
        await files.writeAtomic(path, text);
        if (basename(path) === "cgroup.kill" && this.#vmm?.group === dirname(path)) await this.#end();
      },
      rename: (from, to) => files.rename(from, to),
      // A control group goes with its files.
      removeDir: async (path) => {
        if (!path.startsWith(`${CGROUPS}/`) && (await files.list(path)).length > 0)
          throw new Error(`${path} is not empty`);
        await files.remove(path);
      },
    };
  }

  #processes(): Ports["processes"] {
    const isIt = ({ pid, startTicks }: ProcessRef): boolean =>
      this.isAlive && pid === PROCESS.pid && startTicks === PROCESS.startTicks;
    return {
      spawnDetached: () => Promise.reject(new Error("the jailer starts VMs")),
      find: async (pid) => (this.isAlive && pid === PROCESS.pid ? PROCESS : null),
      isAlive: async (ref) => isIt(ref),
      signal: async (ref) => {
        const isThere = isIt(ref);
        if (isThere) await this.#end();
        return isThere;
      },
      waitGone: async (ref) => !isIt(ref),
      facts: async (ref) => (isIt(ref) && this.#vmm !== null ? factsOf(this.#vmm) : null),
      ofUid: async (uid) => (this.#vmm?.uid === uid ? [PROCESS] : []),
    };
  }

  async #run(argv: readonly string[]): Promise<CommandResult> {
    const [program, option] = argv;
    const last = argv.at(-1) ?? "";
    if (program === "mkfifo") {
      await this.place(last);
      this.#special.set(await this.#inodeOf(last), { kind: "fifo", rdev: 0 });
    } else if (program === "cp") {
      for (const source of argv.slice(argv.indexOf("--") + 1, -1)) await this.#copyNode(source, last);
    } else if (program === "losetup" && option === "--detach") {
      if (this.#attached !== null) this.#attached = { ...this.#attached, isLetGo: true };
      await this.#freeLoop();
    } else if (program === "losetup") {
      this.#attached = { file: last, isLetGo: false };
      await this.place(LOOP.device, { disk: LOOP.rdev });
      await this.place("/sys/block/loop7/loop/backing_file", { text: `${last}\n` });
      return { code: 0, stdout: `${LOOP.device}\n`, stderr: "" };
    } else if (program === JAILER) await this.#start(argv);
    else throw new Error(`${argv.join(" ")} is not there`);
    return { code: 0, stdout: "", stderr: "" };
  }

  async #copyNode(source: string, directory: string): Promise<void> {
    const copy = join(directory, basename(source));
    const what = this.#special.get(await this.#inodeOf(source));
    await this.place(copy);
    if (what !== undefined) this.#special.set(await this.#inodeOf(copy), what);
  }

  async #start(argv: readonly string[]): Promise<void> {
    const option = (name: string): string => argv[argv.indexOf(name) + 1] ?? "";
    const { leavesUnconfined = false } = this.#flaws;
    const id = option("--id");
    const root = join(JAILS, "firecracker", id, "root");
    const cgroup = leavesUnconfined ? "system.slice" : option("--parent-cgroup");
    const uid = leavesUnconfined ? 0 : Number(option("--uid"));
    const netNamespace = `net:[${await this.#inodeOf(option("--netns"))}]`;
    this.#vmm = { uid, netNamespace, group: leavesUnconfined ? null : join(CGROUPS, cgroup) };
    for (const directory of [root, join(root, "dev"), join(root, "dev/net"), join(root, "run")])
      await this.files.ensureDir(directory, { uid, gid: uid, mode: 0o700 });
    const [files, bytes] = argv
      .filter((_, at) => argv[at - 1] === "--resource-limit")
      .map((text) => text.split("=")[1]);
    const shown = {
      cgroup: `0::/${cgroup}\n`,
      status: `NSpid:\t${PROCESS.pid}\t1\n`,
      mountinfo: "1 1 8:1 /root / rw - ext4 /dev/sda1 rw\n",
      limits: `Max file size  ${bytes} ${bytes} bytes\nMax open files  ${files} ${files} files\n`,
      cmdline: ["/firecracker", "--id", id, "--api-sock", "/run/api.sock", ""].join("\0"),
    };
    for (const [name, text] of Object.entries(shown)) await this.place(join(AT, name), { text });
    await this.#thread("firecracker", { filters: 0 });
    await this.#thread("fc_api", { filters: 1 });
    for (const [name, target] of Object.entries({ root, cwd: root, "ns/pid": "pid:[2]", "ns/mnt": "mnt:[2]" }))
      this.#links.set(join(AT, name), target);
    await this.place(join(root, "firecracker.pid"), { text: String(PROCESS.pid) });
    if (!leavesUnconfined) await this.place(join(CGROUPS, cgroup, "cgroup.procs"), { text: `${PROCESS.pid}\n` });
  }

  async #thread(name: string, { filters }: { readonly filters: number }): Promise<void> {
    const [mode, text] = [filters > 0 ? 2 : 0, `${filters > 0 ? 1 : 0}`];
    const status = `Name:\t${name}\nNoNewPrivs:\t${text}\nSeccomp:\t${mode}\nSeccomp_filters:\t${filters}\n`;
    await this.place(join(AT, "task", name, "status"), { text: status });
  }

  async #answer({ method, path, body }: ApiRequest): ReturnType<Ports["http"]["exchange"]> {
    if (!this.isAlive) return null;
    this.asked.push(`${method} ${path}`);
    const info = { app_name: "Firecracker", id: "", state: "Not started", vmm_version: "1.15.1" };
    if (method === "GET") return { status: 200, text: JSON.stringify(info) };
    const isStart = path === "/actions" && JSON.stringify(body).includes("InstanceStart");
    if (isStart || path === "/snapshot/load") {
      await this.#thread("firecracker", { filters: 1 });
      await this.#thread("fc_vcpu 0", { filters: this.#flaws.bareThread === "fc_vcpu 0" ? 0 : 1 });
    }
    return { status: 204, text: "" };
  }

  async #end(): Promise<void> {
    const group = this.#vmm?.group ?? null;
    this.#vmm = null;
    await this.files.remove(AT);
    if (group !== null) await this.files.remove(join(group, "cgroup.procs"));
    await this.#freeLoop();
  }

  /** The kernel frees one that was let go, once nobody has it open. */
  async #freeLoop(): Promise<void> {
    if (this.#attached?.isLetGo !== true || this.isAlive) return;
    this.#attached = null;
    await this.files.remove("/sys/block/loop7");
  }
}

/** A host as it is before a VM. */
export async function openFakeJailHost(flaws: JailHostFlaws = {}): Promise<FakeJailHost> {
  const host = new FakeJailHost(flaws);
  await host.place("/proc/self/status", { text: "Seccomp:\t0\nSeccomp_filters:\t0\n" });
  return host;
}

function factsOf({ uid, netNamespace }: Vmm): ProcessFacts {
  const ids = [uid, uid, uid, uid] as const;
  return {
    uids: ids,
    gids: ids,
    groups: [],
    capEffective: "0000000000000000",
    capPermitted: "0000000000000000",
    noNewPrivs: true,
    seccomp: 2,
    netNamespace,
    rootDir: "/",
    cmdline: ["/firecracker"],
    rssBytes: 0,
  };
}

/** A connection whose other side answers the first that is written with a line. */
function answering(line: string): Duplex {
  return new Duplex({
    read: () => undefined,
    write(_chunk, _encoding, done) {
      this.push(line);
      done();
    },
  });
}
