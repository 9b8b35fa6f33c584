/**
 * An installed OpenClaw for tests that hold our files and our client against the real one. Found by
 * MVM_OPENCLAW_DIR (the directory of the npm package); without it such tests skip and say so, or
 * fail when MVM_REQUIRE names `openclaw`.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";

export interface InstalledOpenClaw {
  /** The directory of the npm package, with openclaw.mjs. */
  readonly packageDir: string;
  /** Starts it with these arguments, its state below `stateDir` and this configuration. */
  start(args: readonly string[], places: OpenClawPlaces): ChildProcess;
}

export interface OpenClawPlaces {
  readonly configPath: string;
  /** Made when missing; holds its state, home and temporary files. */
  readonly stateDir: string;
}

/** The installed OpenClaw, or why tests of it are skipped. */
export function installedOpenClaw(): InstalledOpenClaw | { readonly skip: string } {
  const packageDir = process.env["MVM_OPENCLAW_DIR"];
  const isRequired = (process.env["MVM_REQUIRE"] ?? "").split(",").includes("openclaw");
  if (packageDir === undefined) {
    if (isRequired) throw new Error("MVM_REQUIRE names openclaw, but MVM_OPENCLAW_DIR is not set");
    return { skip: "MVM_OPENCLAW_DIR names no installed OpenClaw" };
  }
  return { packageDir, start: (args, places) => start(packageDir, args, places) };
}

function start(packageDir: string, args: readonly string[], { configPath, stateDir }: OpenClawPlaces): ChildProcess {
  const [home, tmp] = [join(stateDir, "home"), join(stateDir, "tmp")];
  for (const directory of [home, tmp]) mkdirSync(directory, { recursive: true });
  return spawn(process.execPath, [join(packageDir, "openclaw.mjs"), ...args], {
    // Its own process group, so that its helpers end with it.
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: process.env["PATH"] ?? "",
      HOME: home,
      TMPDIR: tmp,
      OPENCLAW_STATE_DIR: join(stateDir, "openclaw"),
      OPENCLAW_CONFIG_PATH: configPath,
      OPENCLAW_CONFIG_READONLY: "1",
      OPENCLAW_SUPERVISOR_MODE: "external",
      OPENCLAW_NO_RESPAWN: "1",
      OPENCLAW_NO_AUTO_UPDATE: "1",
      OPENCLAW_OFFLINE: "1",
      OPENCLAW_DISABLE_BONJOUR: "1",
    },
  });
}
