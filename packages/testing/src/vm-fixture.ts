/**
 * A place to boot VMs for a test: directories, a network namespace, a tap for each VM, drives and
 * uids of its own. `close` ends what still runs, removes all of it and fails the test when a VM
 * under test has left anything behind.
 */
import assert from "node:assert/strict";
import { mkdtemp, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { InstanceId, nodeFiles, nodeRandom, type CommandRunner } from "@mvm/core";
import { createLinuxCommands, createLinuxProcesses, type VmDrive, type VmLaunch } from "@mvm/runtime";
import { type Caretaker, startCaretaker } from "./caretaker.ts";
import type { TestImage } from "./test-images.ts";

const COMMAND_TIMEOUT_MS = 60_000;
const MIB = 1024 * 1024;
/** Uids of test VMs, far from those of users and of the product's own VMs. */
const FIRST_UID = 300_000;
const UIDS = 20_000;
const MOST_VMS = 100;
const VM_MEM_MIB = 512;
const VOLUME_MIB = 64;
/** Sizes that no two drives share, so that a guest's words tell which drive it sees where. */
const DRIVE_MIB = { secrets: 3, config: 5 } as const;

export interface TestVm {
  readonly launch: VmLaunch;
  /** The data volume's passphrase, to look for where it must not be. */
  readonly key: string;
}

export interface VmFixture {
  /** The node's state directory, as an agent would have it. */
  readonly nodeDir: string;
  readonly commands: CommandRunner;
  /** A VM with directories, drives, uid and tap of its own. */
  vm(overrides?: Partial<VmLaunch>): Promise<TestVm>;
  /** What lies in a VM's directories beyond what the fixture put there. */
  leftovers(vm: TestVm): Promise<readonly string[]>;
  /** Everything ends and goes. @throws AssertionError when a VM left a process or a file */
  close(): Promise<void>;
}

/** Needs root and a machine with network namespaces. */
export async function openVmFixture(image: TestImage): Promise<VmFixture> {
  const tag = nodeRandom.bytes(3).toString("hex");
  const fixture = new Fixture({
    image,
    tag,
    disk: await mkdtemp(join("/var/tmp", "mvm-vm-")),
    tmpfs: await mkdtemp(join("/dev/shm", "mvm-vm-")),
    firstUid: FIRST_UID + (nodeRandom.bytes(2).readUInt16BE() % UIDS),
  });
  await fixture.ip("netns", "add", fixture.namespace);
  return fixture;
}

interface Parts {
  readonly image: TestImage;
  readonly tag: string;
  /** Directory on disk. */
  readonly disk: string;
  /** Directory on tmpfs, for keys. */
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

  async vm(overrides: Partial<VmLaunch> = {}): Promise<TestVm> {
    const number = this.#vms.length;
    assert.ok(number < MOST_VMS, "the fixture's uids are used up");
    const uid = this.#parts.firstUid + number;
    const tap = `tap${number}`;
    await this.ip("-n", this.namespace, "tuntap", "add", "dev", tap, "mode", "tap", "user", String(uid));
    await this.ip("-n", this.namespace, "link", "set", "dev", tap, "up");
    const [stateDir, runDir, drivesDir] = [`state${number}`, `run${number}`, `drives${number}`].map((name) =>
      join(this.#parts.disk, name),
    );
    assert.ok(stateDir !== undefined && runDir !== undefined && drivesDir !== undefined);
    for (const directory of [stateDir, runDir, drivesDir]) await nodeFiles.ensureDir(directory, { mode: 0o700 });
    const key = nodeRandom.bytes(32).toString("hex");
    const keyPath = join(this.#parts.tmpfs, `key${number}`);
    await writeFile(keyPath, key, { mode: 0o400 });
    const vm: TestVm = {
      key,
      launch: {
        id: InstanceId.parse(`test-vm${this.#parts.tag}-${number}`),
        kernelPath: this.#parts.image.kernel,
        initrdPath: this.#parts.image.initrd,
        kernelArgs: [`mvm.volume=${nodeRandom.uuid()},0`],
        drives: await this.#drives(drivesDir, keyPath),
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
        firstOutputTimeoutMs: 60_000,
        ...overrides,
      },
    };
    this.#vms.push(vm);
    return vm;
  }

  async leftovers({ launch }: TestVm): Promise<readonly string[]> {
    const processes = await createLinuxProcesses().ofUid(launch.uid);
    const files = [...(await nodeFiles.list(launch.stateDir)), ...(await nodeFiles.list(launch.runDir))];
    return [...processes.map(({ pid }) => `process ${pid}`), ...files];
  }

  async close(): Promise<void> {
    try {
      const left = (await Promise.all(this.#vms.map((vm) => this.leftovers(vm)))).flat();
      assert.deepEqual(left, [], "a VM left something behind");
    } finally {
      await this.#caretaker.close();
    }
  }

  /** vda to vdd: the image, a new LUKS volume, and two small file systems that a guest finds by their labels. */
  async #drives(directory: string, luksKeyPath: string): Promise<readonly VmDrive[]> {
    const data = join(directory, "data.luks");
    await writeFile(data, "");
    await truncate(data, VOLUME_MIB * MIB);
    const format = [
      "cryptsetup",
      "luksFormat",
      "--type",
      "luks1",
      "--batch-mode",
      "--pbkdf-force-iterations",
      "1000",
    ] as const;
    await this.commands.run({ argv: [...format, "--key-file", luksKeyPath, data], timeoutMs: COMMAND_TIMEOUT_MS });
    const small = await Promise.all(
      (["secrets", "config"] as const).map(async (name): Promise<VmDrive> => {
        const path = join(directory, `${name}.img`);
        const argv = ["mke2fs", "-q", "-t", "ext4", "-L", `mvm-${name}`, path, `${DRIVE_MIB[name]}M`] as const;
        await this.commands.run({ argv, timeoutMs: COMMAND_TIMEOUT_MS });
        return { name, path, readOnly: true };
      }),
    );
    return [
      { name: "rootfs", path: this.#parts.image.rootfs, readOnly: true },
      { name: "data", path: data, readOnly: false, luksKeyPath },
      ...small,
    ];
  }
}
