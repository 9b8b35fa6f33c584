/**
 * An installed OpenClaw for tests that hold our files and our client against the real one, without a
 * VM: the very package that is in the image `openclaw-gateway`, whose root is mounted read-only. The
 * image is our own build, no guest's. MVM_OPENCLAW_DIR (the directory of an npm package) overrides it.
 */
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureTestImage } from "./test-images.ts";

const PROFILE = "openclaw-gateway";
const PACKAGE_IN_IMAGE = "usr/lib/mvm/app/node_modules/openclaw";

/** $1: image; $2: directory for it. Ends, and takes both away, when stdin ends: however its parent does. */
const HOLD_MOUNTED = `
set -eu
trap 'rmdir "$2"' EXIT
mount -t erofs -o loop,ro,nosuid,nodev "$1" "$2"
trap 'umount --lazy "$2"; rmdir "$2"' EXIT
echo mounted
cat > /dev/null`;

export interface InstalledOpenClaw {
  /** The directory of the npm package, with openclaw.mjs. */
  readonly packageDir: string;
  /** Starts it with these arguments, its state below `stateDir` and this configuration. */
  start(args: readonly string[], places: OpenClawPlaces): ChildProcess;
  /** Gives it back; its processes have ended. */
  close(): Promise<void>;
}

export interface OpenClawPlaces {
  readonly configPath: string;
  /** Made when missing; holds its state, home and temporary files. */
  readonly stateDir: string;
}

/** Opens it, building the image when its inputs have changed; `requires("openclaw")` says whether it can. */
export async function installedOpenClaw(): Promise<InstalledOpenClaw> {
  const named = process.env["MVM_OPENCLAW_DIR"];
  if (named !== undefined) return openClawIn(named, () => Promise.resolve());
  const { rootfs } = await ensureTestImage(PROFILE, "gateway");
  const root = await mkdtemp(join(tmpdir(), "mvm-openclaw-root-"));
  // Detached: Ctrl-C is for the tests, and this process has to outlive them a little.
  const holder = spawn("/bin/sh", ["-c", HOLD_MOUNTED, "sh", rootfs, root], {
    detached: true,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const gone = once(holder, "exit");
  const close = async (): Promise<void> => {
    holder.stdin.end();
    await gone;
  };
  const first = await Promise.race([once(holder.stdout, "data"), gone]);
  assert.match(String(first[0]), /mounted/, `the root of ${PROFILE} can't be mounted`);
  return openClawIn(join(root, PACKAGE_IN_IMAGE), close);
}

const openClawIn = (packageDir: string, close: InstalledOpenClaw["close"]): InstalledOpenClaw => ({
  packageDir,
  start: (args, places) => start(packageDir, args, places),
  close,
});

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
