/**
 * What was learned of this host and holds until its next boot, kept in a file of the node's state
 * directory: the TSC's frequency (the kernel's log forgets) and which kernels ran under KVM (the
 * probe takes seconds). A file that can't be understood is as good as none.
 */
import { join } from "node:path";
import type { CommandRunner, Files } from "@mvm/core";
import * as z from "zod";
import { probeKvm, type KvmProbe, type KvmProbeRequest } from "./kvm-probe.ts";
import { observeTscKhz } from "./tsc-frequency.ts";

const FILE_NAME = "qemu-host.json";
const MAX_FILE_BYTES = 1024 * 1024;

const Learned = z.strictObject({
  schema_version: z.literal(1),
  boot_id: z.string(),
  tsc_khz: z.int().min(1).nullable(),
  /** The newest last. */
  kvm: z.array(z.strictObject({ qemu: z.string(), kernel_sha256: z.string(), works: z.boolean(), reason: z.string() })),
});
type Learned = z.infer<typeof Learned>;

export interface HostFactsPorts {
  readonly commands: CommandRunner;
  readonly files: Files;
  /** The node's state directory; while there is none, nothing is kept. */
  readonly stateDir: string;
}

export interface HostFacts {
  /** In kHz, or null when the host does not tell. */
  tscKhz(): Promise<number | null>;
  /** Whether that kernel runs under KVM: what is known, else a probe; one at a time. */
  kvm(request: KvmProbeRequest): Promise<KvmProbe>;
  /** The newest probe's answer, or null when none was made since the host's boot. Never probes. */
  newestKvm(): Promise<KvmProbe | null>;
  /** Forgets what was learned: everything is looked at and tried anew. */
  forget(): Promise<void>;
}

export function openHostFacts({ commands, files, stateDir }: HostFactsPorts): HostFacts {
  const path = join(stateDir, FILE_NAME);
  const kernelHashes = new Map<string, string>();
  let known: Learned | null = null;
  /** Looks and probes follow each other: they share the file, and one answer serves many. */
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return turn;
  };

  async function save(facts: Learned): Promise<void> {
    // A node that has not started yet is only being looked at.
    if ((await files.stat(stateDir)) === null) return;
    await files.writeAtomic(path, `${JSON.stringify(facts, null, 2)}\n`);
  }

  async function learned(): Promise<Learned> {
    if (known !== null) return known;
    const bootId = ((await files.read("/proc/sys/kernel/random/boot_id", 100))?.toString("utf8") ?? "").trim();
    const saved = decode((await files.read(path, MAX_FILE_BYTES))?.toString("utf8") ?? "");
    const kept = saved?.boot_id === bootId ? saved : null;
    known = {
      schema_version: 1,
      boot_id: bootId,
      tsc_khz: kept?.tsc_khz ?? (await observeTscKhz({ commands, files })),
      kvm: kept?.kvm ?? [],
    };
    await save(known);
    return known;
  }

  async function kernelHash(kernelPath: string): Promise<string> {
    const hash = kernelHashes.get(kernelPath) ?? (await files.sha256(kernelPath));
    kernelHashes.set(kernelPath, hash);
    return hash;
  }

  async function knownOrProbed(request: KvmProbeRequest): Promise<KvmProbe> {
    const facts = await learned();
    const key = { qemu: request.version.text, kernel_sha256: await kernelHash(request.kernelPath) };
    const earlier = facts.kvm.find((one) => one.qemu === key.qemu && one.kernel_sha256 === key.kernel_sha256);
    if (earlier !== undefined) return earlier;
    const present = (await files.stat("/dev/kvm")) !== null;
    const probe = present ? await probeKvm(commands, request) : { works: false, reason: "/dev/kvm is missing" };
    facts.kvm.push({ ...key, ...probe });
    await save(facts);
    return probe;
  }

  return {
    tscKhz: () => inTurn(async () => (await learned()).tsc_khz),
    kvm: (request) => inTurn(() => knownOrProbed(request)),
    newestKvm: () => inTurn(async () => (await learned()).kvm.at(-1) ?? null),
    forget: () =>
      inTurn(async () => {
        await files.remove(path);
        known = null;
      }),
  };
}

function decode(text: string): Learned | null {
  try {
    return Learned.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
