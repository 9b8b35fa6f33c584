/**
 * Whether an image was built before from the very same inputs. Called first by every build; reads
 * the project's files and the store, writes nothing and asks nobody.
 */
import { MvmError, RevisionId, type ImageManifest } from "@mvm/core";
import type { BuildPorts } from "./build-ports.ts";
import type { BuildImageRequest } from "./build-request.ts";
import { imageInputHash } from "./image-inputs.ts";
import { npmProjectHash, treeHash } from "./source-trees.ts";
import { readManifest, type ImageStore } from "./store/image-store.ts";
import { artifactProblem } from "./store/verify-image.ts";

/**
 * The hash over all inputs of the image that is asked for.
 * @throws MvmError MVM_IMAGE_BUILD_FAILED when a file or directory that goes into it is missing
 */
export async function inputHashOf(request: BuildImageRequest, ports: BuildPorts): Promise<string> {
  const { baseDir, guestAgentPath, profileName, profile } = request;
  const { npm, files } = profile.debian;
  if ((await ports.files.stat(guestAgentPath)) === null) {
    throw new MvmError("MVM_IMAGE_BUILD_FAILED", {
      message: `there is no bundled guest agent at ${guestAgentPath}`,
      remedy: "Make it: npm run build.",
    });
  }
  return imageInputHash(profileName, profile, {
    base: await treeHash(baseDir, ports),
    guestAgent: await ports.files.sha256(guestAgentPath),
    npmProject: npm === undefined ? null : await npmProjectHash(npm, ports.files),
    files: files === undefined ? null : await treeHash(files, ports),
  });
}

/** The image that these inputs gave, if its files are what they were. */
export async function builtBefore(
  store: ImageStore,
  inputHash: string,
  { files }: BuildPorts,
): Promise<ImageManifest | null> {
  const revision = RevisionId.safeParse((await files.read(store.inputsPath(inputHash), 256))?.toString().trim());
  if (!revision.success) return null;
  const manifest = await readManifest(store, revision.data, files);
  if (manifest === null) return null;
  const problems = await Promise.all(
    Object.values(manifest.artifacts).map((artifact) => artifactProblem(store, artifact, files)),
  );
  return problems.every((problem) => problem === null) ? manifest : null;
}
