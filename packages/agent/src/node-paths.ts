/**
 * Where things lie on a node. Pure: the one place that joins these names.
 *
 * What must survive a reboot lies below `stateDir`, sockets and secrets below `runtimeDir`; an
 * instance has one directory in each place, so that removing three directories removes it.
 */
import { join } from "node:path";
import type { InstanceId } from "@mvm/core";
import type { OutputTail } from "@mvm/runtime";

type NodeDirs = Readonly<Record<"stateDir" | "runtimeDir", string>>;

export interface NodePaths {
  readonly instancesDir: string;
  readonly vmsDir: string;
  /** Of VMs under a jailer: on the file system of their instances and images. */
  readonly jailsDir: string;
  /** A tmpfs: whatever holds a secret in the clear lies below it. */
  readonly secretsDir: string;
  /** What VMs that are gone said last: not on disk, where it would lie in the clear. */
  readonly outputsDir: string;
  /** Rulesets while they are applied. */
  readonly networksDir: string;
  readonly database: string;
  readonly socket: string;
}

export interface InstancePaths {
  /** On disk: volume, sealed key, config drive, guest memory. */
  readonly stateDir: string;
  /** Sockets and pid file of the VMM. */
  readonly runDir: string;
  /** On tmpfs: secrets drive and, while a VM is launched, the volume's key. */
  readonly secretsDir: string;
  readonly volume: string;
  readonly configImage: string;
  readonly secretsImage: string;
  /** What the newest VM said last, once that VM is gone; one of them is there at most. */
  readonly lastOutput: Readonly<Record<OutputTail["source"], string>>;
  readonly volumeKey: string;
}

export function nodePaths({ stateDir, runtimeDir }: NodeDirs): NodePaths {
  return {
    instancesDir: join(stateDir, "instances"),
    vmsDir: join(runtimeDir, "vms"),
    jailsDir: join(stateDir, "jails"),
    secretsDir: join(runtimeDir, "secrets"),
    outputsDir: join(runtimeDir, "outputs"),
    networksDir: join(runtimeDir, "networks"),
    database: join(stateDir, "agent.db"),
    socket: join(runtimeDir, "agent.sock"),
  };
}

export function instancePaths(dirs: NodeDirs, id: InstanceId): InstancePaths {
  const node = nodePaths(dirs);
  const stateDir = join(node.instancesDir, id);
  const secretsDir = join(node.secretsDir, id);
  return {
    stateDir,
    runDir: join(node.vmsDir, id),
    secretsDir,
    volume: join(stateDir, "data.luks"),
    configImage: join(stateDir, "config.img"),
    secretsImage: join(secretsDir, "secrets.img"),
    lastOutput: {
      "guest-console": join(node.outputsDir, `${id}.guest-console`),
      "vmm-log": join(node.outputsDir, `${id}.vmm-log`),
    },
    volumeKey: join(secretsDir, "volume.key"),
  };
}
