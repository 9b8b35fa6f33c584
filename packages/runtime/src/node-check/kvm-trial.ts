/**
 * Whether KVM runs a guest's kernel here, by running one: Firecracker boots it without disks until it
 * panics for want of a root file system. An open /dev/kvm proves nothing: on some hosts a stock kernel
 * then executes nothing for minutes.
 */
import { join } from "node:path";
import { isMvmError, type CommandRunner, type Files } from "@mvm/core";
import type { KvmTrial } from "./node-facts.ts";

/** Well under a second on a real machine, some seconds under nested emulation. */
const TIMEOUT_MS = 30_000;
const TRIAL_MEM_MIB = 256;
const SIGN_OF_LIFE = "Kernel panic - not syncing";
const REASON_CHARS = 200;
const MAX_TEXT_BYTES = 8192;

export interface KvmTrialRequest {
  readonly firecrackerPath: string;
  /** An ELF file. */
  readonly kernelPath: string;
  /** Holds a file while the trial runs, and what is remembered of it; made when missing. */
  readonly scratchDir: string;
}

interface TrialPorts {
  readonly commands: CommandRunner;
  readonly files: Files;
}

/**
 * What has worked once works until the host's next boot, with that Firecracker and that kernel: an agent
 * that starts anew on a busy host must not take its slowness for a flaw. What has not worked is tried again.
 */
export async function tryKvm(ports: TrialPorts, request: KvmTrialRequest): Promise<KvmTrial> {
  const { files } = ports;
  const rememberedPath = join(request.scratchDir, "kvm-works");
  const tried = await whatIsTried(files, request);
  const remembered = (await files.read(rememberedPath, MAX_TEXT_BYTES))?.toString("utf8");
  if (tried !== null && tried === remembered) return { works: true, reason: "" };
  const trial = await bootKernel(ports, request);
  if (trial.works && tried !== null) await files.writeAtomic(rememberedPath, tried);
  return trial;
}

/** This boot of the host and both files, a line each; null where one of them can't be told from another. */
async function whatIsTried(files: Files, { firecrackerPath, kernelPath }: KvmTrialRequest): Promise<string | null> {
  const boot = (await files.read("/proc/sys/kernel/random/boot_id", MAX_TEXT_BYTES))?.toString("utf8").trim();
  const lines = [boot ?? null, await identityOf(files, firecrackerPath), await identityOf(files, kernelPath)];
  return lines.includes(null) ? null : `${lines.join("\n")}\n`;
}

/** By what another file in its place has another one of; a jail's hard link changes the rest. */
async function identityOf(files: Files, path: string): Promise<string | null> {
  const facts = await files.stat(path);
  return facts === null ? null : `${path} ${facts.inode} ${facts.sizeBytes} ${facts.modifiedAtMs}`;
}

async function bootKernel(
  { commands, files }: TrialPorts,
  { firecrackerPath, kernelPath, scratchDir }: KvmTrialRequest,
): Promise<KvmTrial> {
  const configPath = join(scratchDir, "kvm-trial.json");
  await files.ensureDir(scratchDir);
  await files.writeAtomic(configPath, JSON.stringify(trialConfig(kernelPath)));
  try {
    const { stdout } = await commands.run({ argv: trialArgv(firecrackerPath, configPath), timeoutMs: TIMEOUT_MS });
    if (stdout.includes(SIGN_OF_LIFE)) return { works: true, reason: "" };
    return { works: false, reason: "it fell over without a word" };
  } catch (error) {
    if (isMvmError(error, "MVM_HOST_COMMAND_TIMEOUT"))
      return { works: false, reason: `it was not up within ${TIMEOUT_MS / 1000} s` };
    if (!isMvmError(error, "MVM_HOST_COMMAND_FAILED")) throw error;
    const { stderr } = error.details;
    const told = typeof stderr === "string" ? stderr.trim().slice(-REASON_CHARS) : "";
    return { works: false, reason: told === "" ? error.message : `Firecracker refused it: ${told}` };
  } finally {
    await files.remove(configPath);
  }
}

/**
 * No drive, no network, no API: nothing that a guest could reach. Quiet: of a nested guest each byte on the
 * serial line is a way through two hypervisors.
 */
export function trialConfig(kernelPath: string): Readonly<Record<string, unknown>> {
  return {
    "boot-source": {
      kernel_image_path: kernelPath,
      boot_args: "console=ttyS0 quiet reboot=k panic=-1 nomodule pci=off",
    },
    "machine-config": { vcpu_count: 1, mem_size_mib: TRIAL_MEM_MIB },
    drives: [],
  };
}

export function trialArgv(firecrackerPath: string, configPath: string): readonly [string, ...string[]] {
  return [
    // Its own deadline as well: a guest that hangs must not outlive an agent that was killed.
    ...(["timeout", "--signal=KILL", String(TIMEOUT_MS / 1000 + 1)] as const),
    ...[firecrackerPath, "--no-api", "--config-file", configPath, "--level", "Error"],
  ];
}
