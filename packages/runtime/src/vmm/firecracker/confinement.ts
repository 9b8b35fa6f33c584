/**
 * Whether a jailed process is confined as this driver promises. Pure; called with what was seen of it
 * before the guest's first instruction, and again when all its threads are there. Nothing is taken from
 * the jailer's command line: only what the kernel says counts.
 */
import { MvmError } from "@mvm/core";
import type { Confinement } from "../driver.ts";
import type { FileIdentity } from "../raw-files.ts";
import { inside } from "./jail-paths.ts";
import type { OpenDescriptor, ProcessSight } from "./process-sight.ts";

const SECCOMP_FILTER = 2;
/** Firecracker's name of the thread that has its filter before anything was asked of it. */
const API_THREAD = "fc_api";
const NAMES_WITHOUT_FILE = /^anon_inode:/;
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
  /** Namespaces of this program, which must be others. */
  readonly own: { readonly pidNamespace: string; readonly mountNamespace: string };
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
export function isFiltered({ threads }: ProcessSight): boolean {
  return threads.length > 0 && threads.every(({ seccomp }) => seccomp === SECCOMP_FILTER);
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
  const { cgroup, root, mounts, pids, pidNamespace, mountNamespace, facts } = sight;
  const { own } = promised;
  return [
    promise(`it is in the control group ${promised.cgroup}`, cgroup === promised.cgroup, cgroup),
    promise("its group's limits are in force", promised.brokenLimits.length === 0, promised.brokenLimits.join(", ")),
    promise(
      "it is in its tenant's network namespace",
      facts.netNamespace === promised.netNamespace,
      facts.netNamespace,
    ),
    promise(
      "it has a pid namespace of its own",
      pidNamespace !== own.pidNamespace && pids.at(-1) === 1,
      `${pidNamespace}, pids ${pids.join(" ")}`,
    ),
    promise(
      "it sees its jail and no other mount",
      mountNamespace !== own.mountNamespace && isSame(root, promised.root) && mounts === 1,
      `${mountNamespace}, ${mounts} mounts, ${isSame(root, promised.root) ? "the jail" : "another directory"} as its root`,
    ),
  ];
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

function filterPromise({ threads }: ProcessSight, { filtered }: PromisedConfinement): PromiseFound {
  const checked = filtered === "all-threads" ? threads : threads.filter(({ name }) => name === API_THREAD);
  const bare = checked.filter(({ seccomp, noNewPrivs }) => seccomp !== SECCOMP_FILTER || !noNewPrivs);
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
