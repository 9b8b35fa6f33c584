/**
 * Writes config and secrets drives: staging tree → mke2fs → debugfs → atomic rename. Called by
 * agent/src/lifecycle. Never mounts anything; secret files exist only below `scratchDir`, which
 * the caller keeps on tmpfs.
 */
import { dirname, join } from "node:path";
import { MvmError, isMvmError, type CommandRunner, type Files } from "@mvm/core";
import type { DriveImageRequest, DriveImages } from "./drive-image.ts";
import { IMAGE_TIME_SECONDS, checkDriveFiles, debugfsScript, directoriesOf, mke2fsArgv } from "./ext4-plan.ts";

const TOOL_TIMEOUT_MS = 30_000;

/** @param ports the host: mke2fs and debugfs of e2fsprogs are run through `commands` */
export function createDriveImages(ports: { readonly commands: CommandRunner; readonly files: Files }): DriveImages {
  const { commands, files } = ports;

  async function stageTree(request: DriveImageRequest, treeDir: string): Promise<void> {
    await files.ensureDir(treeDir, { mode: 0o755 });
    for (const directory of directoriesOf(request.files))
      await files.ensureDir(join(treeDir, directory), { mode: 0o755 });
    for (const file of request.files)
      await files.writeAtomic(join(treeDir, file.path), file.contents, { mode: file.mode });
  }

  async function makeImage(request: DriveImageRequest, imagePath: string): Promise<void> {
    const treeDir = join(request.scratchDir, "tree");
    await stageTree(request, treeDir);
    const env = { E2FSPROGS_FAKE_TIME: String(IMAGE_TIME_SECONDS), MKE2FS_CONFIG: "/dev/null" };
    await commands.run({ argv: mke2fsArgv(request, treeDir, imagePath), timeoutMs: TOOL_TIMEOUT_MS, env });
    const scriptPath = join(request.scratchDir, "owners.debugfs");
    await files.writeAtomic(scriptPath, debugfsScript(request.files));
    const { stderr } = await commands.run({
      argv: ["debugfs", "-w", "-f", scriptPath, imagePath],
      timeoutMs: TOOL_TIMEOUT_MS,
      env,
    });
    // debugfs exits 0 even when a line of its script failed; what it says beyond its banner is an error.
    const complaint = stderr.split("\n").find((line) => line !== "" && !line.startsWith("debugfs 1."));
    if (complaint !== undefined)
      throw new MvmError("MVM_DRIVE_BUILD_FAILED", {
        message: `debugfs refused to finish ${request.label}: ${complaint}`,
      });
  }

  return {
    async write(request) {
      checkDriveFiles(request.files);
      // Beside its final place, so that the rename is atomic and a secret image stays on tmpfs.
      const imagePath = join(dirname(request.outputPath), `.${request.label}.new`);
      try {
        await files.remove(imagePath);
        await files.ensureDir(request.scratchDir, { mode: 0o700 });
        await makeImage(request, imagePath);
        await files.chmod(imagePath, 0o400);
        const sha256 = await files.sha256(imagePath);
        await files.rename(imagePath, request.outputPath);
        return { sizeBytes: (await files.stat(request.outputPath))?.sizeBytes ?? 0, sha256 };
      } catch (cause) {
        await files.remove(imagePath);
        if (isMvmError(cause, "MVM_DRIVE_BUILD_FAILED")) throw cause;
        throw new MvmError("MVM_DRIVE_BUILD_FAILED", { message: `can't build the drive ${request.outputPath}`, cause });
      } finally {
        await files.remove(request.scratchDir);
      }
    },
  };
}
