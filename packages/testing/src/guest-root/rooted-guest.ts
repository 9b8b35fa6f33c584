/**
 * A guest without a VM: the real agent of guests in a network, mount and PID namespace of its own,
 * with its drives' files in place and plain processes for systemd's units. For tests that need real
 * applications in two guests, but no emulated machine. Needs root.
 */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { nodeClock, nodeRandom } from "@mvm/core";
import { GuestClient, type HandlerFile, type InstanceDocument } from "@mvm/guest";

const CHECKOUT = join(import.meta.dirname, "../../../..");
const GUEST_PATH = "/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin";
const AGENT_PROGRAM = join(CHECKOUT, "packages/guest/src/agent/main.ts");

/** A unit of the guest, started by its agent or by the test. */
export interface RootedUnit {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly uid: number;
}

export interface RootedGuestOptions {
  readonly instance: InstanceDocument;
  /** Name of the network namespace that it lives in. */
  readonly networkNamespace: string;
  /** An empty directory of its own. */
  readonly directory: string;
  readonly config: readonly HandlerFile[];
  readonly secrets: readonly HandlerFile[];
  readonly units: Readonly<Record<string, RootedUnit>>;
  /** Units that are started with the guest, as systemd would those that are enabled. */
  readonly enabledUnits: readonly string[];
  /** The directory that the image would have at /usr/lib/mvm/app/node_modules. */
  readonly nodeModules: string;
}

export interface RootedGuest {
  readonly client: GuestClient;
  /** Runs a program inside, as root; rejects when it fails. */
  run(...argv: readonly string[]): Promise<void>;
  stop(): Promise<void>;
}

export async function startRootedGuest(options: RootedGuestOptions): Promise<RootedGuest> {
  await layTree(options);
  const child = spawnAgent(options);
  const socketPath = join(options.directory, "run/guest.sock");
  const client = new GuestClient({
    guest: options.instance.instance_id,
    clock: nodeClock,
    random: nodeRandom,
    dial: (signal) => dialWhenThere(socketPath, signal),
  });
  return {
    client,
    run: (...argv) => runInside({ agent: child, directory: options.directory, argv }),
    async stop() {
      client.reset();
      if (child.exitCode === null && child.signalCode === null) {
        child.kill("SIGKILL");
        await once(child, "close");
      }
    },
  };
}

async function layTree({ directory, instance, config, secrets, units }: RootedGuestOptions): Promise<void> {
  const tree = join(directory, "tree");
  const put = async (path: string, contents: string | Uint8Array, file?: Partial<HandlerFile>): Promise<void> => {
    await mkdir(dirname(join(tree, path)), { recursive: true });
    await writeFile(join(tree, path), contents);
    if (file?.uid !== undefined) await chown(join(tree, path), file.uid, file.gid ?? file.uid);
    await chmod(join(tree, path), file?.mode ?? 0o644);
  };
  for (const file of config) await put(`etc/mvm-config/${file.path}`, file.contents, file);
  for (const file of secrets) await put(`run/secrets/${file.path}`, file.contents, file);
  await put("etc/mvm-config/instance.json", JSON.stringify(instance));
  await put("run/mvm/drives.json", '{"ok":true,"secrets":true,"config":true,"data":"formatted"}');
  for (const [name, unit] of Object.entries(units)) await put(`units/${name}.json`, JSON.stringify(unit));
  for (const name of ["systemctl", "journalctl"]) {
    await cp(join(import.meta.dirname, `${name}.mjs`), join(tree, `usr/local/sbin/${name}`), { recursive: true });
    await chmod(join(tree, `usr/local/sbin/${name}`), 0o755);
  }
  await mkdir(join(tree, "usr/lib/mvm"), { recursive: true });
  for (const name of ["home", "tmp", "log"]) {
    await mkdir(join(tree, "data", name), { recursive: true });
    await chown(join(tree, "data", name), 1000, 1000);
  }
  await chown(join(tree, "data"), 1000, 1000);
}

function spawnAgent({
  directory,
  instance,
  networkNamespace,
  nodeModules,
  enabledUnits,
}: RootedGuestOptions): ChildProcess {
  const enter = join(import.meta.dirname, "enter-root.sh");
  const starts = enabledUnits.map((unit) => `systemctl start ${unit} && `).join("");
  // A port that nobody ever writes to: the test speaks over the unix socket.
  const serve = `mkfifo /run/port && exec /usr/lib/mvm/node ${AGENT_PROGRAM} --device /run/port --socket /run/mvm/guest.sock`;
  const agent = ["/bin/sh", "-c", `${starts}${serve}`];
  const namespaces = ["--mount", "--uts", "--pid", "--fork", "--kill-child=SIGKILL"];
  return spawn(
    "nsenter",
    [
      `--net=/run/netns/${networkNamespace}`,
      "unshare",
      ...namespaces,
      "/bin/sh",
      enter,
      directory,
      CHECKOUT,
      instance.instance_id,
      ...agent,
    ],
    {
      stdio: ["ignore", "inherit", "inherit"],
      env: { PATH: GUEST_PATH, MVM_NODE: process.execPath, MVM_NODE_MODULES: nodeModules },
    },
  );
}

async function dialWhenThere(path: string, signal: AbortSignal) {
  for (;;) {
    const socket = connect(path);
    const isThere = await new Promise<boolean>((resolve) => {
      socket.once("connect", () => resolve(true));
      socket.once("error", () => resolve(false));
    });
    if (isThere) return socket;
    await delay(100, undefined, { signal });
  }
}

interface InsideCommand {
  readonly agent: ChildProcess;
  readonly directory: string;
  readonly argv: readonly string[];
}

async function runInside({ agent, directory, argv }: InsideCommand): Promise<void> {
  // The agent's process is unshare, which stays outside; its child is the first process inside.
  const children = await readFile(`/proc/${agent.pid}/task/${agent.pid}/children`, "utf8");
  const [first = ""] = children.trim().split(" ");
  const namespaces = ["--mount", "--net", "--pid", "--uts"];
  await promisify(execFile)("nsenter", ["--target", first, ...namespaces, "chroot", join(directory, "root"), ...argv], {
    env: { PATH: GUEST_PATH },
  });
}
