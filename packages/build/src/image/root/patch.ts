/**
 * Declared patches: a text in an npm package, replaced while an image is built (profile's
 * `patches`). Pure. A patch that does not fit exactly is an error, never a warning: what it is for
 * has changed, and a person must look.
 */
import { MvmError, type PatchDeclaration } from "@mvm/core";

export interface TextFile {
  /** Relative to the package's directory. */
  readonly path: string;
  readonly text: string;
}

/**
 * The files as they are after the patch; those without the text are left out.
 * @param installed what the package's own package.json says it is
 * @param files those that match `patch.files`
 * @throws MvmError MVM_IMAGE_PATCH_MISMATCH when the version or the number of places differs
 */
export function applyPatch(
  patch: PatchDeclaration,
  installed: { readonly version: string },
  files: readonly TextFile[],
): readonly TextFile[] {
  if (installed.version !== patch.version) {
    throw mismatch(patch, `it is for version ${patch.version}, but ${installed.version} is installed`);
  }
  const matches = files
    .map(({ path, text }) => ({ path, parts: text.split(patch.expect) }))
    .filter(({ parts }) => parts.length > 1);
  const found = matches.reduce((sum, { parts }) => sum + parts.length - 1, 0);
  if (found !== patch.count) {
    throw mismatch(patch, `its text was expected ${patch.count} times in ${patch.files} and found ${found} times`);
  }
  return matches.map(({ path, parts }) => ({ path, text: parts.join(patch.replace) }));
}

/** Whether a path below the package fits `patch.files`: `*` for any part of a name, `**` for any directories or none. */
export function matchesPattern(pattern: string, path: string): boolean {
  const source = pattern
    .split("/")
    .map((part) => (part === "**" ? "(?:[^/]+/)*" : `${literals(part).join("[^/]*")}/`))
    .join("");
  return new RegExp(`^${source}$`).test(`${path}/`);
}

/** What stands between the stars, for a regular expression. */
function literals(part: string): readonly string[] {
  return part.split("*").map((text) => RegExp.escape(text));
}

function mismatch(patch: PatchDeclaration, why: string): MvmError {
  return new MvmError("MVM_IMAGE_PATCH_MISMATCH", {
    message: `the patch of ${patch.package} does not fit: ${why}`,
    details: { package: patch.package, version: patch.version, files: patch.files, count: patch.count },
  });
}
