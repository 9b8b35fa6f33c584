/**
 * Bundles what is shipped into dist/: `mvm.mjs` (the CLI with both servers, split so that a command
 * loads only its own chunks) and `guest-agent.mjs` (one file, put into every image).
 *
 * Files are replaced one by one, entry points last, and chunks of an older build are then removed: a
 * running server has loaded all its code by then, so that building beside it is safe.
 */
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";

import { build, type BuildOptions, type OutputFile } from "esbuild";

const root = join(import.meta.dirname, "..");
const dist = join(root, "dist");

/** CommonJS dependencies inside an ES module still call `require` for Node's own modules. */
const requireBanner =
  'import { createRequire as mvmCreateRequire } from "node:module"; const require = mvmCreateRequire(import.meta.url);';

const shared = {
  absWorkingDir: root,
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node24",
  outdir: dist,
  outExtension: { ".js": ".mjs" },
  banner: { js: requireBanner },
  sourcemap: true,
  sourcesContent: false,
  legalComments: "none",
  logLevel: "warning",
  write: false,
} as const satisfies BuildOptions;

async function bundle(): Promise<OutputFile[]> {
  const [cli, guest] = await Promise.all([
    build({
      ...shared,
      entryPoints: { mvm: "packages/cli/src/main.ts" },
      splitting: true,
      chunkNames: "chunk-[name]-[hash]",
    }),
    // Small, because an emulated guest reads and parses it an order of magnitude slower.
    build({
      ...shared,
      entryPoints: { "guest-agent": "packages/guest/src/agent/main.ts" },
      minifyWhitespace: true,
      minifySyntax: true,
    }),
  ]);
  return [...cli.outputFiles, ...guest.outputFiles];
}

async function replace(file: OutputFile): Promise<void> {
  const temporary = `${file.path}.${process.pid}.tmp`;
  await writeFile(temporary, file.contents);
  await rename(temporary, file.path);
}

async function removeOthers(files: readonly OutputFile[]): Promise<void> {
  const current = new Set(files.map((file) => basename(file.path)));
  const stale = (await readdir(dist)).filter((name) => !current.has(name));
  await Promise.all(stale.map((name) => rm(join(dist, name), { recursive: true })));
}

/** Writes dist/ anew. Rejects with esbuild's own error when the sources don't bundle. */
export async function buildBundles(): Promise<void> {
  const files = await bundle();
  const isChunk = (file: OutputFile): boolean => basename(file.path).startsWith("chunk-");
  await mkdir(dist, { recursive: true });
  await Promise.all(files.filter(isChunk).map(replace));
  await Promise.all(files.filter((file) => !isChunk(file)).map(replace));
  await removeOthers(files);
}

if (import.meta.main) {
  try {
    await buildBundles();
  } catch (error) {
    // What esbuild found wrong it has printed already, with the place.
    if (!(error instanceof Error && "errors" in error)) throw error;
    process.exitCode = 1;
  }
}
