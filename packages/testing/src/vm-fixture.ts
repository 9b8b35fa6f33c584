/**
 * A place to boot VMs for a test: directories, a network namespace, a tap for each VM, drives and
 * uids of its own. `close` ends what still runs, removes all of it and fails the test when a VM
 * under test has left anything behind.
 */
import assert from "node:assert/strict";
import { mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { InstanceId, nodeFiles, nodeRandom, type CommandRunner } from "@mvm/core";
import { createLinuxCommands, createLinuxProcesses, type DriverCapabilities, type VmLaunch } from "@mvm/runtime";
import { type Caretaker, startCaretaker } from "./caretaker.ts";
import type { TestImage } from "./test-images.ts";
import { closeDrives, growDataDrive, makeDrives } from "./vm-drives.ts";
import { tracesOf } from "./vm-traces.ts";

const COMMAND_TIMEOUT_MS = 60_000;
/** Uids of test VMs, far from those of users and of the product's own VMs. */
const FIRST_UID = 300_000;
const UIDS = 20_000;
const MOST_VMS = 100;
const VM_MEM_MIB = 512;
/** The one network of a fixture's VMs, in its own namespace: the host's end, then the VMs by number. */
const GATEWAY = "10.99.0.1";
const PREFIX_LENGTH = 24;
const FIRST_ADDRESS = 10;
const BRIDGE = "br0";

export interface TestVm {
  readonly launch: VmLaunch;
  /** The data volume's passphrase, to look for where it must not be. */
  readonly key: string;
  /** Of its guest, reached from inside the fixture's namespace. */
  readonly address: string;
}

export interface VmFixture {
  /** The node's state directory, as an agent would have it. */
  readonly nodeDir: string;
  /** The network namespace of all its VMs. */
  readonly namespace: string;
  readonly commands: CommandRunner;
  /** A VM with directories, drives, uid and tap of its own. */
  vm(overrides?: Partial<VmLaunch>): Promise<TestVm>;
  /** What lies below its data drive grows until that can hold `sizeMib`, as the agent lets a volume grow. */
  growData(vm: TestVm, sizeMib: number): Promise<void>;
  /** An empty directory for a snapshot, as a caller of the driver makes it. */
  snapshotDir(): Promise<string>;
  /** What is left of a VM on this host beyond what the fixture put there. */
  leftovers(vm: TestVm): Promise<readonly string[]>;
  /** Everything ends and goes. @throws AssertionError when a VM left a process or a file */
  close(): Promise<void>;
}

/** Needs root and a machine with network namespaces. */
export async function openVmFixture(
  image: TestImage,
  dataDrive: DriverCapabilities["dataDrive"] = "luks-file",
): Promise<VmFixture> {
  const tag = nodeRandom.bytes(3).toString("hex");
  const fixture = new Fixture({
    image,
    tag,
    dataDrive,
    disk: await mkdtemp(join("/var/tmp", "mvm-vm-")),
    tmpfs: await mkdtemp(join("/dev/shm", "mvm-vm-")),
    firstUid: FIRST_UID + (nodeRandom.bytes(2).readUInt16BE() % UIDS),
  });
  await fixture.makeNetwork();
  return fixture;
}

interface Parts {
  readonly image: TestImage;
  readonly tag: string;
  readonly dataDrive: DriverCapabilities["dataDrive"];
  /** Directory on disk. */
  readonly disk: string;
  /** Directory on tmpfs, for keys and secrets. */
  readonly tmpfs: string;
  readonly firstUid: number;
}

class Fixture implements VmFixture {
  readonly #parts: Parts;
  readonly #vms: TestVm[] = [];
  readonly #caretaker: Caretaker;
  readonly commands = createLinuxCommands();
  readonly namespace: string;
  readonly nodeDir: string;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.namespace = `mvmtv-${parts.tag}`;
    this.nodeDir = parts.disk;
    this.#caretaker = startCaretaker({
      dirs: [parts.disk, parts.tmpfs],
      namePrefix: this.namespace,
      uids: [parts.firstUid, parts.firstUid + MOST_VMS - 1],
    });
  }

  ip(...args: readonly string[]): Promise<unknown> {
    return this.commands.run({ argv: ["ip", ...args], timeoutMs: COMMAND_TIMEOUT_MS });
  }

  async makeNetwork(): Promise<void> {
    await this.ip("netns", "add", this.namespace);
    await this.ip("-n", this.namespace, "link", "add", BRIDGE, "type", "bridge");
    await this.ip("-n", this.namespace, "address", "add", `${GATEWAY}/${PREFIX_LENGTH}`, "dev", BRIDGE);
    await this.ip("-n", this.namespace, "link", "set", "dev", BRIDGE, "up");
  }

  async vm(overrides: Partial<VmLaunch> = {}): Promise<TestVm> {
    const number = this.#vms.length;
    assert.ok(number < MOST_VMS, "the fixture's uids are used up");
    const uid = this.#parts.firstUid + number;
    const tap = `tap${number}`;
    await this.ip("-n", this.namespace, "tuntap", "add", "dev", tap, "mode", "tap", "user", String(uid));
    await this.ip("-n", this.namespace, "link", "set", "dev", tap, "master", BRIDGE, "up");
    const { disk, tmpfs, image } = this.#parts;
    const [stateDir, runDir, diskDir] = [
      join(disk, `state${number}`),
      join(disk, `run${number}`),
      this.#diskDir(number),
    ];
    const tmpfsDir = join(tmpfs, String(number));
    for (const directory of [stateDir, runDir, diskDir, tmpfsDir])
      await nodeFiles.ensureDir(directory, { mode: 0o700 });
    const key = nodeRandom.bytes(32).toString("hex");
    const keyPath = join(tmpfsDir, "key");
    await writeFile(keyPath, key, { mode: 0o400 });
    const address = `10.99.0.${FIRST_ADDRESS + number}`;
    const drives = await makeDrives({
      commands: this.commands,
      rootfs: image.rootfs,
      diskDir,
      tmpfsDir,
      keyPath,
      networkEnv: networkEnv(address),
      dataDrive: this.#parts.dataDrive,
      mapping: `${this.namespace}-${number}`,
    });
    const vm: TestVm = {
      key,
      address,
      launch: {
        id: InstanceId.parse(`test-vm${this.#parts.tag}-${number}`),
        kernelPath: image.kernel,
        vmlinuxPath: image.vmlinux,
        initrdPath: image.initrd,
        kernelArgs: [`mvm.volume=${nodeRandom.uuid()},0`],
        drives,
        network: {
          namespace: this.namespace,
          tap,
          mac: `02:00:00:00:00:${(number + 1).toString(16).padStart(2, "0")}`,
        },
        vcpus: 1,
        memMib: VM_MEM_MIB,
        uid,
        stateDir,
        runDir,
        signOfLifeTimeoutMs: 60_000,
        ...overrides,
      },
    };
    this.#vms.push(vm);
    return vm;
  }

  growData(vm: TestVm, sizeMib: number): Promise<void> {
    const { drives } = vm.launch;
    return growDataDrive({
      commands: this.commands,
      diskDir: this.#diskDir(this.#vms.indexOf(vm)),
      drives,
      key: vm.key,
      sizeMib,
    });
  }

  #diskDir(number: number): string {
    return join(this.#parts.disk, `drives${number}`);
  }

  snapshotDir(): Promise<string> {
    return mkdtemp(join(this.#parts.disk, "snapshot-"));
  }

  leftovers({ launch }: TestVm): Promise<readonly string[]> {
    // The opened volume's own loop device lies on disk, and belongs to the fixture.
    return tracesOf(launch, { nodeDir: this.nodeDir, directories: [this.#parts.tmpfs] });
  }

  async close(): Promise<void> {
    try {
      const left = (await Promise.all(this.#vms.map((vm) => this.leftovers(vm)))).flat();
      await this.#end();
      assert.deepEqual(left, [], "a VM left something behind");
    } finally {
      await this.#caretaker.close();
    }
  }

  /** What the caretaker doesn't see: the drives' loop devices, which a running VM holds. */
  async #end(): Promise<void> {
    const processes = createLinuxProcesses();
    for (const { launch } of this.#vms) {
      for (const process of await processes.ofUid(launch.uid)) await processes.signal(process, "SIGKILL");
      await closeDrives(this.commands, launch.drives);
    }
  }
}

function networkEnv(address: string): string {
  const lines = { HOSTNAME: "guest", ADDRESS: address, PREFIX_LENGTH: String(PREFIX_LENGTH), GATEWAY };
  return Object.entries(lines)
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");
}
