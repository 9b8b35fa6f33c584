/**
 * Whether a jailed process is confined as this driver promises. Pure; called with what was seen of it
 * before the guest's first instruction, and again when all its threads are there. Nothing is taken from
 * the jailer's command line: only what the kernel says counts.
 */
import { MvmError } from "@mvm/core";
import type { Confinement } from "../../driver.ts";
import type { FileIdentity } from "../../ports/raw-files.ts";
import { inside } from "../jail/jail-paths.ts";
import type { FilterState, OpenDescriptor, ProcessSight, Thread } from "./process-sight.ts";

const SECCOMP_FILTER = 2;
/** Firecracker's name of the thread that has its filter before anything was asked of it. */
const API_THREAD = "fc_api";
/**
 * What Firecracker and KVM make for themselves. Nothing else without a file is let through: a descriptor of
 * another process, of io_uring, of bpf or of user faults would be a way out.
 */
const NAMES_WITHOUT_FILE = /^anon_inode:(\[(eventfd|eventpoll|timerfd)\]|kvm-(vm|vcpu(:\d+)?|arm-vgic-[\w-]+))$/;
/** Names of KVM's workers in the kernel, which counts them to their VM. */
const KVM_WORKER = /^kvm-/;
/** linux/major.h: memory devices; misc devices. As stat gives them for numbers this small. */
const DEVICES: Readonly<Record<string, number>> = {
  "/dev/null": (1 << 8) | 3,
  "/dev/net/tun": (10 << 8) | 200,
  "/dev/kvm": (10 << 8) | 232,
};

export interface PromisedConfinement {
  readonly uid: number;
  /** Such as `net:[4026532001]`. */
  readonly netNamespace: string;
  /** With a leading slash, relative to the mount of cgroup v2. */
  readonly cgroup: string;
  /** What of its control group's limits is not in force. */
  readonly brokenLimits: readonly string[];
  /** The jail as it lies on the host. */
  readonly root: FileIdentity;
  /** Everything in the jail that it may have open: artifacts, nodes and its log. */
  readonly files: readonly FileIdentity[];
  readonly limits: ProcessSight["limits"];
  /** This program's namespaces, which must be others, and its filters, which every process below it inherits. */
  readonly own: FilterState & Pick<ProcessSight, "pidNamespace" | "mountNamespace">;
  /** Which threads have their system call filters by now. */
  readonly filtered: "api-thread" | "all-threads";
}

interface PromiseFound {
  readonly words: string;
  /** What was found instead; null when the promise is kept. */
  readonly found: string | null;
}

/** @throws MvmError MVM_VM_CONFINEMENT naming each promise that is not kept */
export function checkConfinement(sight: ProcessSight, promised: PromisedConfinement): Confinement {
  const promises = [
    ...identityPromises(sight, promised),
    ...placePromises(sight, promised),
    descriptorPromise(sight, promised),
    filterPromise(sight, promised),
  ];
  const broken = promises.filter(({ found }) => found !== null);
  if (broken.length === 0) return { kept: promises.map(({ words }) => words), missing: [] };
  const words = broken.map((one) => `${one.words} (${one.found})`);
  throw new MvmError("MVM_VM_CONFINEMENT", {
    message: `the VMM's process is not confined: it is not so that ${words.join("; ")}`,
    details: { broken: words },
  });
}

/** Whether all its threads have their filters, which is so only some moments after the API's answer. */
export function isFiltered({ threads }: ProcessSight, { own }: Pick<PromisedConfinement, "own">): boolean {
  return threads.length > 0 && threads.every((thread) => hasOwnFilter(thread, own));
}

/** Whether it has a filter besides those it inherited from this program, which are no filters for a VMM. */
function hasOwnFilter({ seccomp, noNewPrivs, filters }: Thread, own: FilterState): boolean {
  if (seccomp !== SECCOMP_FILTER || !noNewPrivs) return false;
  // Uncounted, one can be told from inherited ones only where there is none to inherit.
  return filters === null || own.filters === null ? own.seccomp === 0 : filters > own.filters;
}

/** Whether nothing but the kernel's own workers is with it in its control group. */
export function isAlone({ groupMates }: ProcessSight): boolean {
  return strangers(groupMates).length === 0;
}

function strangers(mates: ProcessSight["groupMates"]): ProcessSight["groupMates"] {
  return mates.filter(({ name, isKernelThread }) => !isKernelThread || !KVM_WORKER.test(name));
}

function identityPromises({ facts, limits }: ProcessSight, promised: PromisedConfinement): readonly PromiseFound[] {
  const { uid } = promised;
  const ids = [...facts.uids, ...facts.gids];
  const rights = `${facts.capEffective}${facts.capPermitted}`;
  return [
    promise(
      `it runs as uid and gid ${uid}, which no other VM has`,
      uid > 0 && ids.every((id) => id === uid),
      `ids ${ids.join(" ")}`,
    ),
    promise(
      "it has no other groups",
      facts.groups.every((group) => group === uid),
      `groups ${facts.groups.join(" ")}`,
    ),
    promise("it has no capabilities", /^0+$/.test(rights), rights),
    promise(
      `it opens at most ${promised.limits.openFiles} files and writes none above ${promised.limits.fileSizeBytes} bytes`,
      limits.openFiles === promised.limits.openFiles && limits.fileSizeBytes === promised.limits.fileSizeBytes,
      `${limits.openFiles} files, ${limits.fileSizeBytes} bytes`,
    ),
  ];
}

function placePromises(sight: ProcessSight, promised: PromisedConfinement): readonly PromiseFound[] {
  const { cgroup, root, cwd, mounts, pids, pidNamespace, mountNamespace, facts } = sight;
  const { own } = promised;
  const isInJail = [root, cwd].every((directory) => isSame(directory, promised.root));
  return [
    promise(`it is in the control group ${promised.cgroup}`, cgroup === promised.cgroup, cgroup),
    promise(
      "nobody else is in that group",
      isAlone(sight),
      strangers(sight.groupMates)
        .map(({ pid, name }) => `${pid} ${name}`)
        .join(", "),
    ),
    promise("its group's limits are in force", promised.brokenLimits.length === 0, promised.brokenLimits.join(", ")),
    promise(
      "it is in its tenant's network namespace",
      facts.netNamespace === promised.netNamespace,
      facts.netNamespace,
    ),
    promise(
      "it has a pid namespace of its own",
      isAnother(pidNamespace, own.pidNamespace) && pids.at(-1) === 1,
      `${pidNamespace}, pids ${pids.join(" ")}`,
    ),
    promise(
      "it sees its jail and no other mount",
      isAnother(mountNamespace, own.mountNamespace) && isInJail && mounts === 1,
      `${mountNamespace}, ${mounts} mounts, ${isInJail ? "the jail" : "another directory"} as its root or working directory`,
    ),
  ];
}

/** One that could not be read is not known to be another. */
function isAnother(namespace: string | null, own: string | null): boolean {
  return namespace !== null && own !== null && namespace !== own;
}

function descriptorPromise(sight: ProcessSight, promised: PromisedConfinement): PromiseFound {
  const foreign = sight.descriptors.filter((descriptor) => !isExpected(descriptor, sight, promised));
  return promise(
    "it has nothing open but its drives, its tap, its sockets and what it needs of the kernel",
    foreign.length === 0,
    foreign.map(({ number, name }) => `${number}: ${name}`).join(", "),
  );
}

function isExpected(
  { name, file }: OpenDescriptor,
  { sockets }: ProcessSight,
  { files }: PromisedConfinement,
): boolean {
  // Closed in the meantime.
  if (name === "") return true;
  if (NAMES_WITHOUT_FILE.test(name)) return true;
  const inode = /^socket:\[(\d+)\]$/.exec(name)?.[1];
  if (inode !== undefined) {
    const path = sockets.get(inode);
    return path === inside.apiSocket || path === inside.guestSocket;
  }
  if (file === null) return false;
  if (file.kind === "char") return Object.values(DEVICES).includes(file.rdev);
  return files.some((one) => isSame(one, file));
}

function filterPromise({ threads }: ProcessSight, { filtered, own }: PromisedConfinement): PromiseFound {
  const checked = filtered === "all-threads" ? threads : threads.filter(({ name }) => name === API_THREAD);
  const bare = checked.filter((thread) => !hasOwnFilter(thread, own));
  return promise(
    filtered === "all-threads"
      ? "the system calls of each of its threads are filtered"
      : "the system calls of its API's thread are filtered",
    checked.length > 0 && bare.length === 0,
    checked.length === 0 ? "no such thread" : `not filtered: ${bare.map(({ name }) => name).join(", ")}`,
  );
}

function promise(words: string, isKept: boolean, found: string): PromiseFound {
  return { words, found: isKept ? null : found };
}

/** A disk is its device, whichever node it was opened by. */
function isSame(a: FileIdentity | null, b: FileIdentity): boolean {
  if (a === null || a.kind !== b.kind) return false;
  return a.kind === "block" ? a.rdev === b.rdev : a.device === b.device && a.inode === b.inode;
}
