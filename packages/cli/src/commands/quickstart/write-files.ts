/**
 * Writes the quickstart's mvm.toml and fleet.toml from the examples, sized for this machine. A file
 * that the user edited is kept and named.
 */
import { join, relative, sep } from "node:path";
import type { Machine } from "@mvm/agent";
import { MvmError, type Files } from "@mvm/core";
import type { CliContext } from "../../context.ts";
import { generatedText, type Standing, standingOf } from "./generated-file.ts";
import { parallelStarts } from "./sizing.ts";

const MAX_BYTES = 1024 * 1024;

type FileContext = Pick<CliContext, "files" | "stderr">;

export interface QuickstartFiles {
  readonly config: string;
  readonly fleet: string;
}

export interface WriteRequest {
  /** Directory of the two files, absolute. */
  readonly dir: string;
  readonly root: string;
  readonly minimal: boolean;
  readonly machine: Machine;
}

export function quickstartFiles(dir: string): QuickstartFiles {
  return { config: join(dir, "mvm.toml"), fleet: join(dir, "fleet.toml") };
}

/** What the config file holds once it is written: what stands there if somebody edited it. */
export async function configTextToBe(files: Files, request: WriteRequest): Promise<string> {
  const text = await textOf(files, quickstartFiles(request.dir).config);
  const body = await configBody(files, request);
  return text !== null && standingOf(text, body) === "edited" ? text : generatedText(body);
}

/** Before the fleet file: it names the installation that the fleet file must fit. @throws MvmError MVM_CONFIG_UNREADABLE */
export async function writeConfigFile(context: FileContext, request: WriteRequest): Promise<string> {
  const { files } = context;
  const path = quickstartFiles(request.dir).config;
  await files.ensureDir(request.dir);
  await writeOne(context, path, await configBody(files, request));
  return path;
}

/** @throws MvmError MVM_CONFIG_UNREADABLE when the example is missing */
export async function writeFleetFile(context: FileContext, request: WriteRequest): Promise<string> {
  const path = quickstartFiles(request.dir).fleet;
  await writeOne(context, path, await fleetBody(context.files, request));
  return path;
}

/** How the files stand to what would be written: tells whether they may be removed. */
export async function standings(
  files: Files,
  request: WriteRequest,
): Promise<readonly { readonly path: string; readonly standing: Standing }[]> {
  const paths = quickstartFiles(request.dir);
  const config = await configBody(files, request);
  return [
    { path: paths.config, standing: standingOf(await textOf(files, paths.config), config) },
    { path: paths.fleet, standing: await fleetStanding(files, request) },
  ];
}

export async function fleetStanding(files: Files, request: WriteRequest): Promise<Standing> {
  const text = await textOf(files, quickstartFiles(request.dir).fleet);
  return standingOf(text, await fleetBody(files, request));
}

function fleetBody(files: Files, { root, minimal }: WriteRequest): Promise<string> {
  return example(files, examplePath(root, minimal ? "fleet-minimal.toml" : "fleet.toml"));
}

async function configBody(files: Files, { dir, root, machine }: WriteRequest): Promise<string> {
  const include = ["roles/*.toml", "profiles/*/profile.toml"].map((pattern) =>
    JSON.stringify(reference(dir, join(root, "microvms", pattern))),
  );
  const template = await example(files, configTemplate(root));
  return template
    .replace("{{parallel_starts}}", String(parallelStarts(machine)))
    .replace("{{include}}", include.join(", "));
}

/** Relative while the files lie in the clone, so that it can be moved; else absolute. */
function reference(dir: string, path: string): string {
  const way = relative(dir, path);
  return way.split(sep).filter((step) => step === "..").length > 1 ? path : way;
}

export function configTemplate(root: string): string {
  return examplePath(root, "mvm.toml.in");
}

function examplePath(root: string, name: string): string {
  return join(root, "examples", "quickstart", name);
}

async function example(files: Files, path: string): Promise<string> {
  const text = await textOf(files, path);
  if (text === null)
    throw new MvmError("MVM_CONFIG_UNREADABLE", {
      message: `the example ${path} is missing`,
      remedy: "Check out the clone anew.",
    });
  return text;
}

async function writeOne({ files, stderr }: FileContext, path: string, body: string): Promise<void> {
  const standing = standingOf(await textOf(files, path), body);
  if (standing === "missing" || standing === "outdated") {
    await files.writeAtomic(path, generatedText(body), { mode: 0o644 });
    stderr.write(`wrote ${path}\n`);
  } else if (standing === "edited") {
    stderr.write(`kept ${path}: you edited it; remove it to have it written anew\n`);
  }
}

async function textOf(files: Files, path: string): Promise<string | null> {
  return (await files.read(path, MAX_BYTES))?.toString("utf8") ?? null;
}
