/**
 * The frequency of the host's time stamp counter, which an emulated guest sees as its own.
 *
 * Read from what the host's kernel found out; never measured or guessed here. Pure parsers and the
 * observer that tries them in the order of their exactness.
 */
import { isMvmError, type CommandRunner, type Files } from "@mvm/core";

const DMESG_TIMEOUT_MS = 10_000;
const MAX_CPUINFO_BYTES = 16 * 1024 * 1024;
const CPUFREQ = "/sys/devices/system/cpu/cpu0/cpufreq";

/** The kernel's own lines, the most exact first (arch/x86/kernel/tsc.c). */
const LOG_LINES = [
  /tsc: Refined TSC clocksource calibration: (\d+)\.(\d{3}) MHz/,
  /tsc: Detected (\d+)\.(\d{3}) MHz TSC/,
  /tsc: Detected (\d+)\.(\d{3}) MHz processor/,
];

export interface TscPorts {
  readonly commands: CommandRunner;
  readonly files: Files;
}

/** In kHz, or null when nothing on this host tells it. */
export async function observeTscKhz({ commands, files }: TscPorts): Promise<number | null> {
  const fromLog = tscKhzFromKernelLog(await kernelLog(commands));
  if (fromLog !== null) return fromLog;
  // With frequency scaling the file tells how fast the processor runs right now.
  if ((await files.stat(CPUFREQ)) !== null) return null;
  return tscKhzFromCpuinfo((await files.read("/proc/cpuinfo", MAX_CPUINFO_BYTES))?.toString("utf8") ?? "");
}

export function tscKhzFromKernelLog(log: string): number | null {
  for (const line of LOG_LINES) {
    const [, mhz, thousandths] = line.exec(log) ?? [];
    if (mhz !== undefined && thousandths !== undefined) return Number(mhz) * 1000 + Number(thousandths);
  }
  return null;
}

/** Only where the number is a constant: the counter's rate is fixed and the kernel measures no current one. */
export function tscKhzFromCpuinfo(cpuinfo: string): number | null {
  const flags = /^flags\s*:(.*)$/m.exec(cpuinfo)?.[1]?.trim().split(" ") ?? [];
  if (!flags.includes("constant_tsc") || flags.includes("aperfmperf")) return null;
  const [, mhz, thousandths] = /^cpu MHz\s*: (\d+)\.(\d{3})$/m.exec(cpuinfo) ?? [];
  return mhz === undefined || thousandths === undefined ? null : Number(mhz) * 1000 + Number(thousandths);
}

/** Empty when this process may not read it, or its first lines have been overwritten. */
async function kernelLog(commands: CommandRunner): Promise<string> {
  try {
    return (await commands.run({ argv: ["dmesg"], timeoutMs: DMESG_TIMEOUT_MS, maxOutputBytes: 64 * 1024 * 1024 }))
      .stdout;
  } catch (error) {
    if (isMvmError(error)) return "";
    throw error;
  }
}
