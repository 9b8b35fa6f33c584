/**
 * A bare Firecracker with the kernel, initrd, drives, command line and sizes of a VM that the driver runs, made from
 * what that VM's own API says of it: without jailer, user, control group and looks. What the driver adds to a boot or
 * a restore is the difference.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { nodeClock } from "@mvm/core";
import {
  createUnixHttp,
  createUnixSockets,
  openGuestPort,
  type OutputTail,
  type VmHandle,
  type VmLaunch,
} from "@mvm/runtime";
import { helloOf } from "@mvm/testing";
import * as z from "zod";
import { exitOf } from "./measure.ts";

export const DEADLINE_MS = 180_000;
/** The whole memory goes to disk. */
const CALL_TIMEOUT_MS = 600_000;
const MAX_ANSWER_BYTES = 64 * 1024;
/** As the driver's own. */
const API_RETRY_MS = 5;
export const GUEST_RETRY_MS = 20;

/** As `GET /vm/config` gives it and `--config-file` takes it; what is not named here stays as it is. */
const VmConfig = z.looseObject({
  "boot-source": z.looseObject({ kernel_image_path: z.string(), initrd_path: z.string() }),
  drives: z.array(z.looseObject({ drive_id: z.string(), path_on_host: z.string() })),
  "network-interfaces": z.array(z.looseObject({ host_dev_name: z.string(), guest_mac: z.string() })),
  vsock: z.looseObject({ uds_path: z.string() }),
});
export type VmConfig = z.infer<typeof VmConfig>;

export interface RawVm {
  /** Firecracker's program. */
  readonly program: string;
  /** An empty directory, for sockets and snapshot; removed afterwards. */
  readonly dir: string;
  /** Whose drives, tap and network namespace it has. */
  readonly launch: VmLaunch;
  /** Of a VM of the driver, which this one is to be like. */
  readonly config: VmConfig;
  /** Of that VM. */
  readonly handle: VmHandle;
}

/** Milliseconds until the guest's channel takes a connection. */
export interface Times {
  readonly boot: number;
  readonly restore: number;
}

/** What a running VM of the driver is made of; paths as its jail has them. */
export async function configOf(apiSocket: string): Promise<VmConfig> {
  return VmConfig.parse(JSON.parse(await call(apiSocket, { method: "GET", path: "/vm/config" })));
}

/** Boots it, saves it, and restores it in a process of its own. */
export async function timeRaw(vm: RawVm): Promise<Times> {
  const { dir, config, launch } = vm;
  const { api, guest, state, memory } = placesIn(dir);
  const configPath = join(dir, "config.json");
  writeFileSync(configPath, JSON.stringify(rawConfig(config, launch, guest)));
  try {
    const boot = await withProcess(vm, ["--config-file", configPath], async (taken) => {
      const ms = await taken();
      const outputTail = async (): Promise<OutputTail> => ({ source: "vmm-log", bytes: Buffer.alloc(0) });
      const channel = { openGuestStream: () => guestPort(guest), outputTail };
      await helloOf(channel, vm.handle);
      await call(api, { method: "PATCH", path: "/vm", body: { state: "Paused" } });
      const body = { snapshot_type: "Full", snapshot_path: state, mem_file_path: memory };
      await call(api, { method: "PUT", path: "/snapshot/create", body });
      return ms;
    });
    const restore = await withProcess(vm, [], async (taken) => {
      await answers(api);
      const backend = { backend_type: "File", backend_path: memory };
      const body = { snapshot_path: state, mem_backend: backend, resume_vm: true };
      await call(api, { method: "PUT", path: "/snapshot/load", body });
      return taken();
    });
    return { boot, restore };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** The same VM with its files where they lie on the host, its own tap and its own socket. */
function rawConfig(config: VmConfig, launch: VmLaunch, guestSocket: string): VmConfig {
  const pathOf = (name: string): string => {
    const drive = launch.drives.find((each) => each.name === name);
    if (drive === undefined) throw new Error(`no drive ${name}`);
    return drive.path;
  };
  const { tap, mac } = launch.network;
  return {
    ...config,
    "boot-source": {
      ...config["boot-source"],
      kernel_image_path: launch.vmlinuxPath,
      initrd_path: launch.initrdPath,
    },
    drives: config.drives.map((drive) => ({ ...drive, path_on_host: pathOf(drive.drive_id) })),
    "network-interfaces": config["network-interfaces"].map((each) => ({
      ...each,
      host_dev_name: tap,
      guest_mac: mac,
    })),
    vsock: { ...config.vsock, uds_path: guestSocket },
  };
}

interface Places {
  readonly api: string;
  readonly guest: string;
  readonly state: string;
  readonly memory: string;
}

function placesIn(dir: string): Places {
  return {
    api: join(dir, "api.sock"),
    guest: join(dir, "guest.sock"),
    state: join(dir, "state"),
    memory: join(dir, "memory"),
  };
}

/**
 * Runs Firecracker for as long as `use` takes.
 * @param use gets what tells when the guest took a connection: milliseconds since the process was started
 */
async function withProcess<Result>(
  { program, dir, launch }: RawVm,
  args: readonly string[],
  use: (taken: () => Promise<number>) => Promise<Result>,
): Promise<Result> {
  const { api, guest } = placesIn(dir);
  // Firecracker takes no path where something is.
  for (const socket of [api, guest]) rmSync(socket, { force: true });
  const startedAt = performance.now();
  const namespace = `--net=/run/netns/${launch.network.namespace}`;
  const child = spawn("nsenter", [namespace, program, "--api-sock", api, "--level", "Warning", ...args], {
    stdio: "ignore",
  });
  const exited = exitOf(child);
  try {
    return await use(async () => {
      await guestTakes(guest, child);
      return performance.now() - startedAt;
    });
  } finally {
    child.kill("SIGKILL");
    await exited;
  }
}

async function guestTakes(socketPath: string, vm: ChildProcess): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (performance.now() < deadline && vm.exitCode === null && vm.signalCode === null) {
    const stream = await guestPort(socketPath).catch(() => null);
    stream?.destroy();
    if (stream !== null) return;
    await delay(GUEST_RETRY_MS);
  }
  const end = vm.exitCode ?? vm.signalCode;
  throw new Error(end === null ? "the bare VM's guest did not come up" : `the bare Firecracker ended with ${end}`);
}

function guestPort(socketPath: string): ReturnType<typeof openGuestPort> {
  return openGuestPort({ clock: nodeClock, sockets: createUnixSockets() }, socketPath);
}

/** The socket is there before anybody listens on it. */
async function answers(apiSocket: string): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (performance.now() < deadline) {
    if ((await exchange(apiSocket, { method: "GET", path: "/" })) !== null) return;
    await delay(API_RETRY_MS);
  }
  throw new Error("the bare Firecracker's API did not answer");
}

interface ApiCall {
  readonly method: "GET" | "PUT" | "PATCH";
  readonly path: string;
  readonly body?: unknown;
}

/** @returns the answer's text. @throws Error when it is a refusal */
async function call(apiSocket: string, request: ApiCall): Promise<string> {
  const answer = await exchange(apiSocket, request);
  if (answer !== null && answer.status < 300) return answer.text;
  throw new Error(`${request.method} ${request.path}: ${answer === null ? "nobody listens" : answer.text}`);
}

function exchange(socketPath: string, request: ApiCall): ReturnType<ReturnType<typeof createUnixHttp>["exchange"]> {
  return createUnixHttp().exchange({
    ...request,
    socketPath,
    timeoutMs: CALL_TIMEOUT_MS,
    maxBytes: MAX_ANSWER_BYTES,
  });
}
