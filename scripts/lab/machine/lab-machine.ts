/**
 * A running lab host: starts one, finds one that was kept, reboots it, cuts its power, ends it.
 * Called by lab.ts and run-lab.ts; `<labDir>/run/` holds what belongs to the one that runs.
 */
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import * as z from "zod";

import type { HostImage } from "../image/host-image.ts";
import { runOrThrow } from "./lab-command.ts";
import { pidOf, powerOff, powerOn, type RunFiles, runFilesOf } from "./lab-process.ts";
import { type LabAddress, type LabShell, labShell } from "./lab-shell.ts";

const COPY_TIMEOUT_MS = 10 * 60_000;
const COMMAND_TIMEOUT_MS = 120_000;
/** Idle it answers after some ten seconds; beside other work it takes its time. */
const BOOT_TIMEOUT_MS = 15 * 60_000;
const POLL_MS = 1000;
const SHOWN_CONSOLE = 2000;

const LabRecord = z.object({
  kernelPath: z.string(),
  initrdPath: z.string(),
  address: z.object({ sshPort: z.int(), clientKeyPath: z.string(), knownHostsPath: z.string() }),
});
type LabRecord = z.infer<typeof LabRecord>;

export interface Lab {
  readonly address: LabAddress;
  readonly shell: LabShell;
  /** Waits until it takes commands. @throws Error with the end of its console */
  ready(): Promise<void>;
  /** An orderly reboot from inside; resolves when it takes commands again. */
  reboot(): Promise<void>;
  /** Power off without a warning, then on again; resolves when it takes commands. */
  cutPower(): Promise<void>;
  /** Ends it and removes what was its own. */
  down(): Promise<void>;
}

const runDirOf = (labDir: string): string => join(labDir, "run");

/** An empty run directory, into which the payload goes before the start. */
export async function makeRunDir(labDir: string): Promise<string> {
  const runDir = runDirOf(labDir);
  await rm(runDir, { recursive: true, force: true });
  await mkdir(runDir, { recursive: true, mode: 0o700 });
  return runDir;
}

/** Starts a lab host from the image and with the payload that lies in the run directory. */
export async function startLab(labDir: string, image: HostImage): Promise<Lab> {
  const files = runFilesOf(runDirOf(labDir));
  const copy = ["cp", "--sparse=always", "--reflink=auto", image.diskPath, files.disk] as const;
  await runOrThrow(copy, { timeoutMs: COPY_TIMEOUT_MS });
  const sshPort = await freePort();
  const hostKey = (await readFile(image.hostKeyPath, "utf8")).split(" ").slice(0, 2).join(" ");
  await writeFile(files.knownHosts, `[127.0.0.1]:${sshPort} ${hostKey}\n`);
  const { kernelPath, initrdPath, clientKeyPath } = image;
  const address = { sshPort, clientKeyPath, knownHostsPath: files.knownHosts };
  const record: LabRecord = { kernelPath, initrdPath, address };
  await writeFile(files.record, `${JSON.stringify(record)}\n`);
  await powerOn(files, { kernelPath, initrdPath, sshPort });
  return labOf(files, record);
}

/** The lab host that runs already; null when there is none. */
export async function findLab(labDir: string): Promise<Lab | null> {
  const files = runFilesOf(runDirOf(labDir));
  if (!existsSync(files.record) || (await pidOf(files)) === null) return null;
  return labOf(files, LabRecord.parse(JSON.parse(await readFile(files.record, "utf8"))));
}

function labOf(files: RunFiles, { kernelPath, initrdPath, address }: LabRecord): Lab {
  const shell = labShell(address);
  const ready = (): Promise<void> => answers(files, shell, null);
  return {
    address,
    shell,
    ready,
    async reboot() {
      const before = await bootIdOf(shell);
      await shell.tryRun("systemctl reboot", { timeoutMs: COMMAND_TIMEOUT_MS });
      await answers(files, shell, before);
    },
    async cutPower() {
      await powerOff(files);
      await powerOn(files, { kernelPath, initrdPath, sshPort: address.sshPort });
      await ready();
    },
    async down() {
      await powerOff(files);
      await rm(dirname(files.record), { recursive: true, force: true });
    },
  };
}

/** @param beforeBootId the boot whose answers don't count: it is about to end */
async function answers(files: RunFiles, shell: LabShell, beforeBootId: string | null): Promise<void> {
  const deadline = performance.now() + BOOT_TIMEOUT_MS;
  for (;;) {
    const bootId = await bootIdOf(shell).catch(() => null);
    if (bootId !== null && bootId !== beforeBootId) return;
    const console = (await readFile(files.console, "latin1").catch(() => "")).slice(-SHOWN_CONSOLE);
    if ((await pidOf(files)) === null) throw new Error(`the lab host ended\n${console}`);
    if (performance.now() > deadline) throw new Error(`the lab host does not answer\n${console}`);
    await delay(POLL_MS);
  }
}

function bootIdOf(shell: LabShell): Promise<string> {
  return shell.run("cat /proc/sys/kernel/random/boot_id", { timeoutMs: COMMAND_TIMEOUT_MS });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  await new Promise((resolve) => {
    server.close(resolve);
  });
  if (address === null || typeof address === "string") throw new Error("no free port on loopback");
  return address.port;
}
