/**
 * Applies a profile's declared patches to the packages in an image's tree. Called by the image
 * build, before anything of the packages has run.
 */
import { join } from "node:path";
import { MvmError, type Files, type CommandRunner, type ImageManifest, type PatchDeclaration } from "@mvm/core";
import * as z from "zod";
import { applyPatch, matchesPattern } from "./patch.ts";

const MAX_FILE_BYTES = 64 * 1024 * 1024;
const FIND_TIMEOUT_MS = 60_000;
const InstalledPackage = z.object({ version: z.string() });

/** What the manifest says of an applied patch. */
export type AppliedPatch = ImageManifest["patches"][number];

/**
 * @param appDir the directory that holds node_modules
 * @throws MvmError MVM_IMAGE_PATCH_MISMATCH; nothing of that patch is written then
 */
export async function patchTree(
  appDir: string,
  patches: readonly PatchDeclaration[],
  ports: { readonly commands: CommandRunner; readonly files: Files },
): Promise<readonly AppliedPatch[]> {
  const applied: AppliedPatch[] = [];
  for (const patch of patches)
    applied.push(await patchPackage(join(appDir, "node_modules", patch.package), patch, ports));
  return applied;
}

async function patchPackage(
  packageDir: string,
  patch: PatchDeclaration,
  { commands, files }: { readonly commands: CommandRunner; readonly files: Files },
): Promise<AppliedPatch> {
  const manifest = await files.read(join(packageDir, "package.json"), MAX_FILE_BYTES);
  if (manifest === null) {
    throw new MvmError("MVM_IMAGE_PATCH_MISMATCH", {
      message: `the patch of ${patch.package} does not fit: no such package is installed`,
      details: { package: patch.package },
    });
  }
  const { stdout } = await commands.run({
    argv: ["find", packageDir, "-type", "f", "-printf", "%P\\n"],
    timeoutMs: FIND_TIMEOUT_MS,
    maxOutputBytes: MAX_FILE_BYTES,
  });
  const paths = stdout.split("\n").filter((path) => path !== "" && matchesPattern(patch.files, path));
  const candidates = await Promise.all(
    paths.toSorted().map(async (path) => ({
      path,
      text: (await files.read(join(packageDir, path), MAX_FILE_BYTES))?.toString() ?? "",
    })),
  );
  const changed = applyPatch(patch, InstalledPackage.parse(JSON.parse(manifest.toString())), candidates);
  for (const { path, text } of changed) await files.writeAtomic(join(packageDir, path), text, { mode: 0o644 });
  const { version, count, reason } = patch;
  return { package: patch.package, version, files: changed.map(({ path }) => path), count, reason };
}
