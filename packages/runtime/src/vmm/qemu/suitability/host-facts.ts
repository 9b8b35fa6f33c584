/**
 * What was learned of this host and holds until its next boot, kept in a file of the node's state
 * directory: the TSC's frequency (the kernel's log forgets) and which kernels ran under KVM (the
 * probe takes seconds). A file that can't be understood is as good as none.
 *
 * That a kernel did not run is never kept there: the agent's next start asks again. What may pass,
 * a busy host or a missing device, is asked again before that.
 */
import { join } from "node:path";
import { turns, type Clock, type CommandRunner, type Files } from "@mvm/core";
import * as z from "zod";
import { NO_KVM, probeKvm, type KvmProbe, type KvmProbeRequest } from "./kvm-probe.ts";
import { observeTscKhz } from "./tsc-frequency.ts";

const FILE_NAME = "qemu-host.json";
const MAX_FILE_BYTES = 1024 * 1024;
/** A probe that timed out costs every launch its five seconds anew: it serves for this long. */
const PASSING_SERVES_MS = 10 * 60_000;

const Learned = z.strictObject({
  schema_version: z.literal(1),
  boot_id: z.string(),
  tsc_khz: z.int().min(1).nullable(),
  /** Those that ran; the newest last. */
  kvm: z.array(z.strictObject({ qemu: z.string(), kernel_sha256: z.string(), works: z.boolean(), reason: z.string() })),
});
type Learned = z.infer<typeof Learned>;

interface KvmAnswer extends KvmProbe {
  readonly qemu: string;
  readonly kernel_sha256: string;
  readonly servesUntilMs: number;
}

export interface HostFactsPorts {
  readonly clock: Pick<Clock, "monotonicMs">;
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
}

export function openHostFacts({ clock, commands, files, stateDir }: HostFactsPorts): HostFacts {
  const path = join(stateDir, FILE_NAME);
  const kernelHashes = new Map<string, string>();
  let known: Learned | null = null;
  /** The newest last. */
  let answers: readonly KvmAnswer[] = [];
  /** Looks and probes follow each other: they share the file, and one answer serves many. */
  const looks = turns();

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
      kvm: (kept?.kvm ?? []).filter(({ works }) => works),
    };
    answers = known.kvm.map((one) => ({ ...one, isPassing: false, servesUntilMs: Number.POSITIVE_INFINITY }));
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
    if ((await files.stat("/dev/kvm")) === null) return NO_KVM;
    const key = { qemu: request.version.text, kernel_sha256: await kernelHash(request.kernelPath) };
    const isSame = (one: typeof key): boolean => one.qemu === key.qemu && one.kernel_sha256 === key.kernel_sha256;
    const earlier = answers.find(isSame);
    if (earlier !== undefined && clock.monotonicMs() < earlier.servesUntilMs) return earlier;
    const probe = await probeKvm(commands, request);
    const servesUntilMs = probe.isPassing ? clock.monotonicMs() + PASSING_SERVES_MS : Number.POSITIVE_INFINITY;
    answers = [...answers.filter((one) => !isSame(one)), { ...key, ...probe, servesUntilMs }];
    if (probe.works) {
      facts.kvm.push({ ...key, works: true, reason: "" });
      await save(facts);
    }
    return probe;
  }

  return {
    tscKhz: () => looks.take(async () => (await learned()).tsc_khz),
    kvm: (request) => looks.take(() => knownOrProbed(request)),
    newestKvm: () =>
      looks.take(async () => {
        await learned();
        return answers.at(-1) ?? null;
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
