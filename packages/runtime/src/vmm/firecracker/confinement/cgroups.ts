/**
 * A VM's control group (cgroup v2): made with its limits before any process is in it, killed as a whole,
 * removed when it is empty. Called by launch, look and remains; plain files, so that tests use a directory.
 */
import { join } from "node:path";
import { MvmError, type Clock, type Files } from "@mvm/core";
import type { RawFiles } from "../../ports/raw-files.ts";
import { DEATH_TIMEOUT_MS } from "../../strays.ts";
import { isInForce, type LimitFile } from "./cgroup-limits.ts";

/** What a VM's limits need; `mvm.slice` and all above it hand them down. */
export const CONTROLLERS = ["cpu", "io", "memory", "pids"] as const;

const MAX_FILE_BYTES = 64 * 1024;
const POLL_MS = 5;
const REMEDY =
  "It is tried again by itself. If it goes on, see what the kernel says of the host's memory and control groups: dmesg.";

export interface CgroupPorts {
  readonly clock: Clock;
  readonly files: Files;
  readonly raw: RawFiles;
}

/** Where VMs' groups lie: `<mount>/<parent>/<VM>`. */
export interface CgroupPlace {
  /** Mount of cgroup v2. */
  readonly mount: string;
  /** Relative to it, such as `mvm.slice`. */
  readonly parent: string;
}

/** A VM's group relative to the mount. */
export function cgroupOf({ parent }: CgroupPlace, id: string): string {
  return `${parent}/${id}`;
}

/**
 * Makes a VM's group and sets its limits.
 * @throws MvmError MVM_HOST_UNSUPPORTED when the host has not all the controllers, MVM_VM_DRIVER when the kernel refuses
 * for now, such as for want of memory or because a group above is just going away
 */
export async function makeCgroup(
  ports: CgroupPorts,
  { place, id, limits }: { readonly place: CgroupPlace; readonly id: string; readonly limits: readonly LimitFile[] },
): Promise<void> {
  const path = join(place.mount, cgroupOf(place, id));
  try {
    await handDown(ports, place);
    await ports.files.ensureDir(path);
    for (const { file, value } of limits) await ports.raw.write(join(path, file), value);
  } catch (cause) {
    const message = `can't make the control group ${path} with its limits`;
    const absent = await absentControllers(ports, place);
    if (absent.length === 0) throw new MvmError("MVM_VM_DRIVER", { message, cause, retry: "backoff", remedy: REMEDY });
    throw new MvmError("MVM_HOST_UNSUPPORTED", {
      message: `${message}: cgroup v2 at ${place.mount} has no ${absent.join(", ")}`,
      cause,
      remedy: `Check that cgroup v2 is mounted at ${place.mount} with the controllers ${CONTROLLERS.join(", ")}: mvm node check.`,
    });
  }
}

/** All of them where no cgroup v2 is mounted. */
async function absentControllers({ files }: CgroupPorts, { mount }: CgroupPlace): Promise<readonly string[]> {
  const text = await files.read(join(mount, "cgroup.controllers"), MAX_FILE_BYTES).catch(() => null);
  const there = (text?.toString("utf8") ?? "").trim().split(" ");
  return CONTROLLERS.filter((controller) => !there.includes(controller));
}

/** Every group from the mount down to the parent passes the controllers on to its children. */
async function handDown({ files, raw }: CgroupPorts, { mount, parent }: CgroupPlace): Promise<void> {
  const steps = parent.split("/");
  const groups = steps.map((_, depth) => join(mount, ...steps.slice(0, depth + 1)));
  for (const group of [mount, ...groups]) {
    await files.ensureDir(group);
    const control = join(group, "cgroup.subtree_control");
    const on = ((await files.read(control, MAX_FILE_BYTES))?.toString("utf8") ?? "").trim().split(" ");
    const missing = CONTROLLERS.filter((controller) => !on.includes(controller));
    if (missing.length > 0) await raw.write(control, missing.map((controller) => `+${controller}`).join(" "));
  }
}

/** The limits that are not in force as they should be, with what is there instead. */
export async function brokenLimits(
  { files }: Pick<CgroupPorts, "files">,
  path: string,
  limits: readonly LimitFile[],
): Promise<readonly string[]> {
  const broken: string[] = [];
  for (const limit of limits) {
    const text = (await files.read(join(path, limit.file), MAX_FILE_BYTES))?.toString("utf8") ?? "missing";
    if (!isInForce(limit, text)) broken.push(`${limit.file} is '${text.trim()}' instead of '${limit.value}'`);
  }
  return broken;
}

/** How often the kernel killed in this group because its memory limit was reached; 0 when there is no group. */
export async function memoryKills({ files }: Pick<CgroupPorts, "files">, path: string): Promise<number> {
  const events = (await files.read(join(path, "memory.events"), MAX_FILE_BYTES))?.toString("utf8") ?? "";
  return Number(/^oom_kill (\d+)$/m.exec(events)?.[1] ?? 0);
}

/**
 * Kills every process of a group at once and removes it, so that no reused pid is ever hit; missing is fine.
 * @throws MvmError MVM_VM_DRIVER when something in it does not die
 */
export async function endCgroup({ clock, files, raw }: CgroupPorts, path: string): Promise<void> {
  if ((await files.stat(path)) === null) return;
  await raw.write(join(path, "cgroup.kill"), "1");
  const deadline = clock.monotonicMs() + DEATH_TIMEOUT_MS;
  while (await isPopulated(files, path)) {
    if (clock.monotonicMs() >= deadline)
      throw new MvmError("MVM_VM_DRIVER", {
        message: `a process in the control group ${path} does not die`,
        retry: "backoff",
        remedy: "Look at the host's disks: it may hang in one.",
      });
    await clock.sleep(POLL_MS);
  }
  await raw.removeDir(path);
}

async function isPopulated(files: Files, path: string): Promise<boolean> {
  const events = (await files.read(join(path, "cgroup.events"), MAX_FILE_BYTES))?.toString("utf8") ?? "";
  return /^populated 1$/m.test(events);
}
