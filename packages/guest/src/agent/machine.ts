/** What the kernel says of this machine: boot id, uptime, load, memory. Pure parsers over /proc. */
import type { Files } from "@mvm/core";

const MAX_PROC_BYTES = 64 * 1024;

export interface MachineFacts {
  readonly bootId: string;
  readonly uptimeSeconds: number;
  readonly load: readonly [number, number, number];
  readonly memory: { readonly totalKib: number; readonly availableKib: number };
}

/** Reads all of it anew. Rejects only where /proc is not there. */
export async function observeMachine(files: Pick<Files, "read">): Promise<MachineFacts> {
  const read = async (path: string): Promise<string> =>
    (await files.read(path, MAX_PROC_BYTES))?.toString("utf8") ?? "";
  const [bootId, uptime, load, memory] = await Promise.all([
    read("/proc/sys/kernel/random/boot_id"),
    read("/proc/uptime"),
    read("/proc/loadavg"),
    read("/proc/meminfo"),
  ]);
  return {
    bootId: bootId.trim(),
    uptimeSeconds: firstNumber(uptime),
    load: parseLoad(load),
    memory: parseMemory(memory),
  };
}

export function parseLoad(text: string): readonly [number, number, number] {
  const [one = 0, five = 0, fifteen = 0] = text.split(" ").slice(0, 3).map(firstNumber);
  return [one, five, fifteen];
}

export function parseMemory(text: string): MachineFacts["memory"] {
  const value = (key: string): number => firstNumber(new RegExp(`^${key}:\\s+(\\d+) kB$`, "m").exec(text)?.[1] ?? "");
  return { totalKib: value("MemTotal"), availableKib: value("MemAvailable") };
}

function firstNumber(text: string): number {
  const value = Number.parseFloat(text);
  return Number.isFinite(value) ? value : 0;
}
