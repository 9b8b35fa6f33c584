/**
 * The lab host's QEMU as a process: power on, power off, and whether it runs, always by the pid of
 * the very process that was started with this run directory. Called by lab-machine.ts.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { runOrThrow } from "./lab-command.ts";
import { labMachineArgv, tscKhzOf } from "./lab-machine-argv.ts";

const START_TIMEOUT_MS = 5 * 60_000;
const GONE_TIMEOUT_MS = 60_000;
const POLL_MS = 50;

/** What lies in the run directory of a lab host. */
export interface RunFiles {
  readonly disk: string;
  readonly payload: string;
  readonly record: string;
  readonly console: string;
  readonly pid: string;
  readonly knownHosts: string;
}

export function runFilesOf(runDir: string): RunFiles {
  return {
    disk: join(runDir, "disk.img"),
    payload: join(runDir, "payload.erofs"),
    record: join(runDir, "lab.json"),
    console: join(runDir, "console.log"),
    pid: join(runDir, "qemu.pid"),
    knownHosts: join(runDir, "known_hosts"),
  };
}

export interface Boot {
  readonly kernelPath: string;
  readonly initrdPath: string;
  readonly sshPort: number;
}

export async function powerOn(files: RunFiles, boot: Boot): Promise<void> {
  const argv = labMachineArgv({
    ...boot,
    diskPath: files.disk,
    payloadPath: files.payload,
    consolePath: files.console,
    pidPath: files.pid,
    tscKhz: tscKhzOf(await readFile("/proc/cpuinfo", "utf8")),
  });
  await runOrThrow(argv, { timeoutMs: START_TIMEOUT_MS });
}

/** As if somebody had pulled the plug; resolves when the process is gone. */
export async function powerOff(files: RunFiles): Promise<void> {
  const pid = await pidOf(files);
  if (pid === null) return;
  process.kill(pid, "SIGKILL");
  const deadline = performance.now() + GONE_TIMEOUT_MS;
  while ((await pidOf(files)) !== null) {
    if (performance.now() > deadline) throw new Error(`the lab host's process ${pid} does not end`);
    await delay(POLL_MS);
  }
}

/** The pid of the lab host's QEMU if it runs: its command line names this very pid file. */
export async function pidOf(files: RunFiles): Promise<number | null> {
  const pid = Number.parseInt(await readFile(files.pid, "utf8").catch(() => ""), 10);
  if (!Number.isInteger(pid)) return null;
  const cmdline = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  return cmdline.split("\0").includes(files.pid) ? pid : null;
}
