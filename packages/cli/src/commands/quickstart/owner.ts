/**
 * Whose the installation on this machine is: which config file made it, and with which names and
 * places. Kept where it lies, so that another clone, --dir, kind or edited name is refused by name.
 */
import { dirname, join } from "node:path";
import { type EffectiveConfig, type Files, type LoadedConfig, MvmError } from "@mvm/core";
import * as z from "zod";
import { isOwn, readMark } from "./own-directory.ts";

const quickstartKinds = ["full", "minimal"] as const;
export type QuickstartKind = (typeof quickstartKinds)[number];

const KIND_WORDS: Readonly<Record<QuickstartKind, string>> = {
  full: "with OpenClaw",
  minimal: "of small microVMs (--minimal)",
};

const Owner = z.object({
  /** Absolute path of the config file. */
  config: z.string(),
  kind: z.enum(quickstartKinds),
  node: z.object({ name: z.string(), state_dir: z.string(), runtime_dir: z.string(), keys_dir: z.string() }),
  network: z.object({ name_prefix: z.string() }),
});
export type Owner = z.infer<typeof Owner>;

/** Beside the config: an installation is found from there even when the config names other places since. */
const BESIDE_CONFIG = ".mvm-quickstart.json";
const MAX_BYTES = 64 * 1024;

export function ownerOf(
  { config, path }: Pick<LoadedConfig, "path"> & { config: OwnedConfig },
  kind: QuickstartKind,
): Owner {
  const { name, state_dir, runtime_dir, keys_dir } = config.node;
  return {
    config: path,
    kind,
    node: { name, state_dir, runtime_dir, keys_dir },
    network: { name_prefix: config.network.name_prefix },
  };
}

type OwnedConfig = Pick<EffectiveConfig, "node" | "network">;

/** What a marked directory says; null when it isn't marked, or by nobody who gave a name. */
export async function ownerOfDirectory(files: Files, dir: string): Promise<Owner | null> {
  return parseOwner(await readMark(files, dir));
}

export function ownerText(owner: Owner): string {
  return `${JSON.stringify(owner, null, 2)}\n`;
}

export async function writeOwnerBeside(files: Files, owner: Owner): Promise<void> {
  await files.writeAtomic(join(dirname(owner.config), BESIDE_CONFIG), ownerText(owner), { mode: 0o644 });
}

export async function removeOwnerBeside(files: Files, configPath: string): Promise<void> {
  await files.remove(join(dirname(configPath), BESIDE_CONFIG));
}

/**
 * Before anything is changed, up or down.
 * @throws MvmError MVM_QUICKSTART_REFUSED naming both sides
 */
export async function refuseOtherOwner(files: Files, wanted: Owner): Promise<void> {
  for (const dir of [wanted.node.state_dir, wanted.node.runtime_dir, wanted.node.keys_dir]) {
    const found = await ownerOfDirectory(files, dir);
    if (found === null) continue;
    // Where that file is gone, the clone was moved or removed: then this one takes its place.
    if (found.config !== wanted.config && (await files.stat(found.config)) !== null)
      throw await otherConfig(files, { found, wanted, dir });
    refuseChanges(found, wanted);
  }
  const beside = await files.read(join(dirname(wanted.config), BESIDE_CONFIG), MAX_BYTES);
  const installed = parseOwner(beside?.toString("utf8") ?? null);
  // A copied directory tells of another config, and one whose installation is gone of nothing.
  if (installed?.config !== wanted.config || !(await isInstalled(files, installed))) return;
  refuseChanges(installed, wanted);
}

/** @throws MvmError MVM_QUICKSTART_REFUSED when the installation has instances of the other kind */
export function refuseOtherKind(found: Owner | null, wanted: Owner): void {
  if (found === null || found.kind === wanted.kind) return;
  throw new MvmError("MVM_QUICKSTART_REFUSED", {
    message: `a quickstart ${KIND_WORDS[found.kind]} is installed; this one would be ${KIND_WORDS[wanted.kind]}`,
    remedy: `Take it down first: npm run quickstart -- --down --dir ${dirname(wanted.config)}`,
    details: { installed: found.kind, wanted: wanted.kind },
  });
}

async function isInstalled(files: Files, { node }: Owner): Promise<boolean> {
  for (const dir of [node.state_dir, node.runtime_dir, node.keys_dir]) if (await isOwn(files, dir)) return true;
  return false;
}

interface Clash {
  readonly found: Owner;
  readonly wanted: Owner;
  readonly dir: string;
}

async function otherConfig(files: Files, { found, wanted, dir }: Clash): Promise<MvmError> {
  // A file that was refused before it was written can't be edited.
  const isThere = (await files.stat(wanted.config)) !== null;
  const beside = `; or name other places, a name_prefix and ranges of its own in ${wanted.config}`;
  return new MvmError("MVM_QUICKSTART_REFUSED", {
    message: `${dir} belongs to the quickstart of ${found.config}, not to that of ${wanted.config}`,
    remedy: `Take that one down first: npm run quickstart -- --down --dir ${dirname(found.config)}${isThere ? beside : ""}.`,
    details: { directory: dir, installed: found.config, wanted: wanted.config },
  });
}

/** Names and places can't change below an installation: what it made is found by them alone. */
function refuseChanges(found: Owner, wanted: Owner): void {
  const settings = [
    ["node.name", found.node.name, wanted.node.name],
    ["node.state_dir", found.node.state_dir, wanted.node.state_dir],
    ["node.runtime_dir", found.node.runtime_dir, wanted.node.runtime_dir],
    ["node.keys_dir", found.node.keys_dir, wanted.node.keys_dir],
    ["network.name_prefix", found.network.name_prefix, wanted.network.name_prefix],
  ] as const;
  for (const [setting, installed, now] of settings) {
    if (installed === now) continue;
    throw new MvmError("MVM_QUICKSTART_REFUSED", {
      message: `the installed quickstart has ${setting} = "${installed}", ${wanted.config} says "${now}" now`,
      remedy: `Put "${installed}" back; to change it, take the quickstart down first (npm run quickstart -- --down).`,
      details: { setting, installed, wanted: now },
    });
  }
}

function parseOwner(text: string | null): Owner | null {
  if (text === null) return null;
  try {
    return Owner.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
