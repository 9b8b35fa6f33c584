/**
 * Which images the quickstart itself built, kept beside them: what --purge may remove, even after
 * the state directory is gone. Images that others built are never in it.
 */
import { join } from "node:path";
import { type Files, RevisionId } from "@mvm/core";
import * as z from "zod";

const Built = z.object({ revisions: z.array(RevisionId) });
const MAX_BYTES = 1024 * 1024;

function builtPath(imagesDir: string): string {
  return join(imagesDir, "built-by-quickstart.json");
}

/** Nothing when it built none, or the file is no record. */
export async function readBuilt(files: Files, imagesDir: string): Promise<readonly RevisionId[]> {
  const bytes = await files.read(builtPath(imagesDir), MAX_BYTES);
  if (bytes === null) return [];
  try {
    return Built.parse(JSON.parse(bytes.toString("utf8"))).revisions;
  } catch {
    return [];
  }
}

export async function addBuilt(files: Files, imagesDir: string, revision: RevisionId): Promise<void> {
  const revisions = [...new Set([...(await readBuilt(files, imagesDir)), revision])];
  await files.writeAtomic(builtPath(imagesDir), `${JSON.stringify({ revisions }, null, 2)}\n`, { mode: 0o644 });
}

/** Once they are removed; the directory goes as well when nothing is left in it. */
export async function forgetBuilt(files: Files, imagesDir: string): Promise<void> {
  if ((await files.stat(builtPath(imagesDir))) === null) return;
  await files.remove(builtPath(imagesDir));
  if ((await files.list(imagesDir)).length === 0) await files.remove(imagesDir);
}
