/**
 * A bare QEMU with the kernel, root and devices of a VM that the product runs, made from that VM's
 * own command line: without namespace, user, sandbox, encryption and everything around it. What the
 * product adds to a boot is the difference.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { exitOf } from "./measure.ts";

const DATA_BYTES = 256 * 1024 * 1024;
const DEADLINE_MS = 180_000;
/** Options with a value that belong to confinement. */
const CONFINEMENT = ["-sandbox", "-chroot", "-runas", "-run-with"];

/** A VM as the product ran it: its command line and copies of its small drives. */
export interface CapturedVm {
  readonly argv: readonly string[];
  readonly dir: string;
}

/** Takes down what is needed to boot the same without the product; the VM must be running. */
export function captureVm(pid: number): CapturedVm {
  const argv = readFileSync(`/proc/${pid}/cmdline`, "utf8")
    .split("\0")
    .filter((word) => word !== "");
  const dir = mkdtempSync(join(tmpdir(), "mvm-raw-"));
  for (const path of smallDrives(argv)) copyFileSync(path, join(dir, basename(path, ".img")));
  return { argv, dir };
}

/** The bare VM's arguments, its files below `dir`. */
export function rawArgv(argv: readonly string[], dir: string): readonly string[] {
  const kept = argv.filter(
    (word, index) => word !== "-S" && !CONFINEMENT.includes(word) && !CONFINEMENT.includes(argv[index - 1] ?? ""),
  );
  return kept
    .filter(
      (word, index) =>
        !(word === "-object" && kept[index + 1]?.startsWith("secret,") === true) && !word.startsWith("secret,"),
    )
    .map((word) =>
      word
        .replace(/mem-path=[^,]+/, `mem-path=${dir}/memory`)
        .replace(/path=[^,]*\/([a-z]+)\.sock/, `path=${dir}/$1.sock`)
        .replace(/^tap,id=([a-z]+),.*$/, "user,id=$1,restrict=on")
        .replace(/^driver=luks,key-secret=[^,]+,/, "driver=raw,")
        .replace(/filename=[^,]+\/([a-z]+)\.(?:luks|img)/, `filename=${dir}/$1`)
        .replace(/^virtserialport,/, "virtserialport,id=port,")
        .replace(/mvm\.volume=([0-9a-f-]+),\d+/, "mvm.volume=$1,0"),
    );
}

/** Boots the bare VM; milliseconds until the guest's agent opened its port. Removes what was captured. */
export async function timeRawBoot({ argv, dir }: CapturedVm): Promise<number> {
  try {
    writeFileSync(join(dir, "data"), "");
    truncateSync(join(dir, "data"), DATA_BYTES);
    const [program = "", ...args] = rawArgv(argv, dir);
    const startedAt = performance.now();
    const vm = spawn(program, args, { stdio: "ignore" });
    const exited = exitOf(vm);
    try {
      await portOpened(join(dir, "qmp.sock"), vm);
      return performance.now() - startedAt;
    } finally {
      vm.kill("SIGKILL");
      await exited;
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Its own read-only images: configuration, and secrets when its type has any. */
function smallDrives(argv: readonly string[]): readonly string[] {
  return argv.flatMap((word) => /filename=([^,]+\.img)/.exec(word)?.[1] ?? []);
}

async function portOpened(socketPath: string, vm: ChildProcess): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (performance.now() < deadline && vm.exitCode === null) {
    const opened = await watch(socketPath, deadline - performance.now()).catch(() => false);
    if (opened) return;
    await delay(10);
  }
  throw new Error(
    vm.exitCode === null ? "the bare VM's agent did not come up" : `the bare QEMU ended with ${vm.exitCode}`,
  );
}

/** True once QEMU says that the guest opened the port. */
function watch(socketPath: string, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error("timed out")));
    socket.on("error", reject);
    socket.on("close", () => resolve(false));
    socket.write('{"execute":"qmp_capabilities"}\n');
    let said = "";
    socket.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      if (!/VSERPORT_CHANGE[^\n]*"open": true|"open": true[^\n]*VSERPORT_CHANGE/.test(said)) return;
      resolve(true);
      socket.destroy();
    });
  });
}
