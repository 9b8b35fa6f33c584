/**
 * Makes the kernel's three files from Debian's packages: bzImage (QEMU), vmlinux (Firecracker) and
 * the initrd. Called by an image build, as root; nothing is installed on the host.
 *
 * They are the same for every image: the build keeps them and shares them.
 */
import { join } from "node:path";
import { MvmError, type CommandRunner, type Files } from "@mvm/core";
import { mmdebstrapRequest } from "../image/debian/mmdebstrap.ts";
import { debianKernelVersion, extractVmlinux } from "./bz-image.ts";
import { cpioArchive } from "./cpio.ts";
import { GUEST_MODULES, initrdEntries, moduleLoadOrder } from "./initrd.ts";

/** kmod brings depmod, which the kernel's package leaves to the machine that it is installed on. */
export const KERNEL_PACKAGES: readonly string[] = ["busybox-static", "kmod", "linux-image-cloud-amd64"];
const MAX_FILE_BYTES = 256 * 1024 * 1024;
const DEPMOD_TIMEOUT_MS = 60_000;

export interface KernelFilesRequest {
  /** A directory of this build alone; the files are left in it. */
  readonly workDir: string;
  /** The /init of the initrd. */
  readonly initPath: string;
  readonly downloadEnv: Readonly<Record<string, string>>;
  readonly onLine: (line: string) => void;
  readonly signal?: AbortSignal;
}

export interface KernelFiles {
  /** Debian's version of the kernel package. */
  readonly version: string;
  readonly kernel: string;
  readonly vmlinux: string;
  readonly initrd: string;
}

/** @throws MvmError MVM_IMAGE_BUILD_FAILED, and what the commands throw */
export async function makeKernelFiles(
  request: KernelFilesRequest,
  ports: { readonly commands: CommandRunner; readonly files: Files },
): Promise<KernelFiles> {
  const { commands, files } = ports;
  const { workDir, signal } = request;
  const tree = join(workDir, "kernel-tree");
  const unpack = mmdebstrapRequest({
    ...request,
    variant: "extract",
    format: "directory",
    packages: KERNEL_PACKAGES,
    target: tree,
  });
  await commands.run(unpack);

  const read = async (path: string): Promise<Buffer> => {
    const contents = await files.read(path, MAX_FILE_BYTES);
    if (contents === null)
      throw new MvmError("MVM_IMAGE_BUILD_FAILED", {
        message: `the kernel's packages hold no ${path.slice(tree.length)}`,
      });
    return contents;
  };
  const modulesDir = join(tree, "lib/modules");
  const release = only(await files.list(modulesDir), "kernel release");
  await commands.run({
    argv: ["chroot", tree, "/sbin/depmod", release],
    timeoutMs: DEPMOD_TIMEOUT_MS,
    ...(signal === undefined ? {} : { signal }),
  });

  const order = moduleLoadOrder((await read(join(modulesDir, release, "modules.dep"))).toString(), GUEST_MODULES);
  const modules = await Promise.all(
    order.map(async (file) => ({ file, contents: await read(join(modulesDir, release, file)) })),
  );
  const bzImage = await read(join(tree, "boot", `vmlinuz-${release}`));
  const entries = initrdEntries({
    init: await read(request.initPath),
    busybox: await read(join(tree, "bin/busybox")),
    modules,
  });

  const [kernel, vmlinux, initrd] = [join(workDir, "vmlinuz"), join(workDir, "vmlinux"), join(workDir, "initrd")];
  await files.writeAtomic(kernel, bzImage);
  await files.writeAtomic(vmlinux, extractVmlinux(bzImage));
  // Not packed: unpacking would cost an emulated guest more than reading three megabytes.
  await files.writeAtomic(initrd, cpioArchive(entries));
  await files.remove(tree);
  return { version: debianKernelVersion(bzImage), kernel, vmlinux, initrd };
}

function only(names: readonly string[], what: string): string {
  const [name] = names;
  if (name === undefined || names.length > 1) {
    throw new MvmError("MVM_IMAGE_BUILD_FAILED", {
      message: `expected one ${what}, found ${names.length}: ${names.join(", ")}`,
    });
  }
  return name;
}
