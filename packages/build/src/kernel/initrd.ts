/**
 * The initial RAM disk: busybox, the drivers that Debian's kernel keeps as modules, and the /init
 * that loads them. Pure: given the files' contents it lists the archive's entries.
 */
import { basename } from "node:path";
import { MvmError } from "@mvm/core";
import type { CpioEntry } from "./cpio.ts";

/**
 * What a guest needs before its root is mounted, or that isn't there afterwards: the root file
 * system holds no modules, so that any image boots with any kernel.
 */
export const GUEST_MODULES: readonly string[] = [
  "virtio_mmio",
  "virtio_pci",
  "virtio_blk",
  "virtio_net",
  "virtio_console",
  "virtio_rng",
  "erofs",
  "vmw_vsock_virtio_transport",
];

/** The busybox applets that /init calls. */
const APPLETS = ["insmod", "mount", "reboot", "sh", "sleep", "switch_root", "umount"];
const DIRECTORIES = ["bin", "dev", "modules", "proc", "root", "sys"];

/**
 * The module files in the order in which they can be loaded: each after what it depends on.
 * @param modulesDep contents of modules.dep, as depmod writes it
 * @param names modules wanted, `-` and `_` alike
 * @throws MvmError MVM_IMAGE_BUILD_FAILED when the kernel has no such module
 */
export function moduleLoadOrder(modulesDep: string, names: readonly string[]): readonly string[] {
  const dependencies = new Map<string, readonly string[]>();
  for (const line of modulesDep.split("\n")) {
    const [file, rest] = line.split(":");
    if (file !== undefined && rest !== undefined)
      dependencies.set(
        file,
        rest
          .trim()
          .split(/\s+/)
          .filter((name) => name !== ""),
      );
  }
  const byName = new Map([...dependencies.keys()].map((file) => [moduleName(file), file]));
  const order = new Set<string>();
  // modules.dep lists all dependencies of a module, what must come last first.
  const add = (file: string): void => {
    if (order.has(file)) return;
    for (const needed of [...(dependencies.get(file) ?? [])].reverse()) add(needed);
    order.add(file);
  };
  for (const name of names) {
    const file = byName.get(name.replaceAll("-", "_"));
    if (file === undefined)
      throw new MvmError("MVM_IMAGE_BUILD_FAILED", { message: `the kernel has no module ${name}` });
    add(file);
  }
  return [...order];
}

function moduleName(file: string): string {
  return basename(file)
    .replace(/\.ko(\..+)?$/, "")
    .replaceAll("-", "_");
}

export interface InitrdFiles {
  readonly init: Buffer;
  readonly busybox: Buffer;
  /** Modules in their load order. */
  readonly modules: readonly { readonly file: string; readonly contents: Buffer }[];
}

/** The archive's entries, sorted by path. */
export function initrdEntries({ init, busybox, modules }: InitrdFiles): readonly CpioEntry[] {
  const order = modules.map(({ file }) => `${basename(file)}\n`).join("");
  const entries: readonly CpioEntry[] = [
    ...DIRECTORIES.map((path) => ({ kind: "directory" as const, path })),
    { kind: "file", path: "init", mode: 0o755, contents: init },
    { kind: "file", path: "bin/busybox", mode: 0o755, contents: busybox },
    ...APPLETS.map((applet) => ({ kind: "symlink" as const, path: `bin/${applet}`, target: "busybox" })),
    ...modules.map(({ file, contents }) => ({
      kind: "file" as const,
      path: `modules/${basename(file)}`,
      mode: 0o644,
      contents,
    })),
    { kind: "file", path: "modules/order", mode: 0o644, contents: Buffer.from(order) },
  ];
  return entries.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}
