import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { MvmError, type CommandRunner } from "@mvm/core";
import { MemoryFiles } from "@mvm/testing";
import { observeNode, type NodeCheckTarget } from "./observe-node.ts";

const target: NodeCheckTarget = {
  firecrackerPath: "/opt/fc/firecracker",
  jailerPath: "/opt/fc/jailer",
  acceptedFirecracker: ["1.17.0-dev"],
  cgroupMount: "/sys/fs/cgroup",
  jailsDir: "/var/lib/mvm/jails",
  stateDir: "/var/lib/mvm",
  imagesDir: "/srv/images",
  runtimeDir: "/run/mvm",
  kernelPath: "/srv/images/vmlinux",
  guestMemMib: 3000,
  reservedMemMib: 1024,
};

/** A static program: an ELF header with one segment to load. */
function elf(segment: number): Buffer {
  const file = Buffer.alloc(120);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1]);
  file.writeBigUInt64LE(64n, 32);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(1, 56);
  file.writeUInt32LE(segment, 64);
  return file;
}

const PT_LOAD = 1;
const PT_INTERP = 3;

let files = new MemoryFiles();
/** What each command prints, by its words; one that is not here fails. */
let outputs: Map<string, string>;
const ran: string[] = [];

const commands: CommandRunner = {
  async run({ argv }) {
    const words = argv.join(" ");
    ran.push(words);
    const stdout =
      outputs.get(words) ??
      [...outputs].find(([known]) => known.endsWith("…") && words.startsWith(known.slice(0, -1)))?.[1];
    if (stdout === undefined)
      throw new MvmError("MVM_HOST_COMMAND_FAILED", {
        message: `${words} failed`,
        details: { stderr: "\nError: no\n" },
      });
    return { code: 0, stdout, stderr: "" };
  },
};

async function write(path: string, contents: string | Buffer, mode = 0o644): Promise<void> {
  await files.ensureDir(path.slice(0, path.lastIndexOf("/")));
  await files.writeAtomic(path, contents, { mode });
}

beforeEach(async () => {
  files = new MemoryFiles();
  ran.length = 0;
  outputs = new Map([
    ["realpath --canonicalize-existing -- /opt/fc/firecracker", "/opt/fc/firecracker\n"],
    ["realpath --canonicalize-existing -- /opt/fc/jailer", "/opt/fc/jailer\n"],
    ["/opt/fc/firecracker --version", "Firecracker v1.15.1\n"],
    ["/opt/fc/jailer --version", "Jailer v1.15.1\n"],
    ["timeout --signal=KILL 31 /opt/fc/firecracker …", "Linux version\nKernel panic - not syncing: VFS\n"],
    ["dmsetup targets", "striped          v1.6.0\ncrypt            v1.24.0\n"],
    ["cryptsetup --version", "cryptsetup 2.6.1 flags: UDEV\n"],
    ["nft --version", "nftables v1.0.6 (Lester Gooch #5)\n"],
    ["nft --check …", ""],
  ]);
  for (const name of ["firecracker", "jailer"]) await write(`/opt/fc/${name}`, elf(PT_LOAD), 0o755);
  await write("/dev/kvm", "", 0o660);
  await write("/dev/net/tun", "");
  await write("/dev/loop-control", "");
  await write("/proc/self/ns/net", "");
  await write(
    "/proc/self/mountinfo",
    "27 1 254:0 / / rw - ext4 /dev/vda rw\n28 27 254:1 / /srv rw,nodev - ext4 /dev/vdb rw\n",
  );
  await files.ensureDir("/srv");
  await write(
    "/proc/swaps",
    "Filename Type Size Used Priority\n/dev/zram0 partition 1 0 1\n/dev/zram1 partition 1 0 1\n/dev/dm-0 partition 1 0 2\n/dev/sda2 partition 1 0 3\n",
  );
  await write("/proc/cpuinfo", "microcode\t: 0x2b\n");
  await write("/proc/sys/kernel/osrelease", "6.1.0-56-amd64\n");
  await write("/proc/sys/vm/overcommit_memory", "0\n");
  await write("/sys/block/zram0/backing_dev", "none\n");
  await write("/sys/block/zram1/backing_dev", "/dev/sdb1\n");
  await write("/sys/block/dm-0/dm/uuid", "CRYPT-PLAIN-swap\n");
  await write("/sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory pids\n");
  await write("/sys/kernel/mm/ksm/run", "0\n");
  await write("/sys/kernel/mm/ksm/pages_shared", "17\n");
  await write("/sys/module/kvm/parameters/min_timer_period_us", "200\n");
  await write("/sys/devices/system/cpu/smt/active", "1\n");
  await write("/sys/devices/system/cpu/vulnerabilities/mds", "Mitigation: Clear CPU buffers; SMT vulnerable\n");
  await write("/sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n");
});

const observe = () => observeNode({ commands, files }, target);

describe("the look at a host", () => {
  it("finds programs and tries KVM with a kernel, and leaves nothing of the trial", async () => {
    const facts = await observe();
    assert.deepEqual(facts.kvm, { device: { mode: 0o660, uid: 0 }, trial: { works: true, reason: "" } });
    assert.equal(facts.firecracker.printed, "Firecracker v1.15.1\n");
    assert.deepEqual(facts.acceptedFirecracker, ["1.17.0-dev"]);
    assert.deepEqual(facts.jailer.file, {
      realPath: "/opt/fc/jailer",
      isLink: false,
      uid: 0,
      mode: 0o755,
      isStatic: true,
      replaceableIn: null,
    });
    assert.deepEqual(await files.list("/run/mvm"), []);
  });

  it("remembers until the next boot that KVM works with this VMM and this kernel, and nothing else", async () => {
    const trial = "timeout --signal=KILL 31 /opt/fc/firecracker …";
    await write("/srv/images/vmlinux", "a kernel");
    for (const path of ["/proc/sys/kernel/random/boot_id", "/opt/fc/firecracker", "/srv/images/vmlinux"]) {
      const contents = path === "/opt/fc/firecracker" ? elf(PT_LOAD) : "other contents";
      await write(path, contents, 0o755);
      outputs.delete(trial);
      assert.equal((await observe()).kvm.trial?.works, false, `with another ${path} it is tried anew`);
      outputs.set(trial, "Kernel panic - not syncing: VFS\n");
      assert.equal((await observe()).kvm.trial?.works, true);
      ran.length = 0;
      assert.equal((await observe()).kvm.trial?.works, true);
      assert.ok(!ran.some((words) => words.startsWith("timeout")), "what worked is remembered");
    }
    await write("/proc/sys/kernel/random/boot_id", "next boot");
    outputs.delete(trial);
    assert.equal((await observe()).kvm.trial?.works, false);
  });

  it("tries no KVM without a kernel or a VMM", async () => {
    const without = await observeNode({ commands, files }, { ...target, kernelPath: null });
    assert.equal(without.kvm.trial, null);
    outputs.delete("/opt/fc/firecracker --version");
    assert.equal((await observe()).kvm.trial, null);
    assert.ok(!ran.some((words) => words.startsWith("timeout")));
  });

  it("tells why KVM runs nothing", async () => {
    outputs.delete("timeout --signal=KILL 31 /opt/fc/firecracker …");
    assert.deepEqual((await observe()).kvm.trial, { works: false, reason: "Firecracker refused it: Error: no" });
    outputs.set("timeout --signal=KILL 31 /opt/fc/firecracker …", "");
    assert.deepEqual((await observe()).kvm.trial, { works: false, reason: "it fell over without a word" });
  });

  it("does not run what somebody else could have written", async () => {
    for (const spoil of [
      () => files.chmod("/opt/fc/firecracker", 0o777),
      () => files.chown("/opt/fc/firecracker", 1000, 0),
      () => files.chmod("/opt", 0o777),
      () => files.chown("/opt/fc", 1000, 0),
    ]) {
      await files.chmod("/opt/fc/firecracker", 0o755);
      await files.chown("/opt/fc/firecracker", 0, 0);
      await files.chmod("/opt", 0o755);
      ran.length = 0;
      await spoil();
      assert.equal((await observe()).firecracker.printed, null);
      assert.ok(!ran.some((words) => words.includes("/opt/fc/firecracker --version")));
    }
  });

  it("lets a sticky directory be, in which only owners rename", async () => {
    await files.chmod("/opt", 0o1777);
    assert.equal((await observe()).firecracker.file?.replaceableIn, null);
  });

  it("knows a program that needs a dynamic linker", async () => {
    await write("/opt/fc/firecracker", elf(PT_INTERP), 0o755);
    assert.equal((await observe()).firecracker.file?.isStatic, false);
  });

  it("knows which swap reaches a disk in the clear", async () => {
    assert.deepEqual((await observe()).swaps, [
      { device: "/dev/zram0", safe: "memory" },
      { device: "/dev/zram1", safe: null },
      { device: "/dev/dm-0", safe: "encrypted" },
      { device: "/dev/sda2", safe: null },
    ]);
  });

  it("finds mounts of directories that are not there yet, kernel, processor, clock, memory", async () => {
    const { storage, cpu, kernel, clockSource, memory, cgroup, ...others } = await observe();
    const { ksm, guestTimerPeriodUs, encryption, network } = others;
    assert.deepEqual(
      [storage.jails.mountPoint, storage.images.mountPoint, storage.images.options],
      ["/", "/srv", ["rw", "nodev"]],
    );
    assert.deepEqual(cpu, {
      smtActive: true,
      microcode: "0x2b",
      vulnerabilities: { mds: "Mitigation: Clear CPU buffers; SMT vulnerable" },
    });
    assert.deepEqual(
      [kernel, clockSource, ksm, guestTimerPeriodUs, memory],
      [
        "6.1.0-56-amd64",
        "tsc",
        { run: "0", pagesShared: 17 },
        "200",
        { guestMib: 3000, reservedMib: 1024, overcommit: "0" },
      ],
    );
    assert.deepEqual(cgroup, { mount: "/sys/fs/cgroup", controllers: ["cpuset", "cpu", "io", "memory", "pids"] });
    assert.deepEqual(encryption, {
      deviceMapper: true,
      crypt: "loaded",
      cryptsetup: "cryptsetup 2.6.1 flags: UDEV",
      loopControl: true,
    });
    assert.deepEqual(network, { nft: "nftables v1.0.6 (Lester Gooch #5)", refusal: null, tun: true, namespaces: true });
  });

  it("of a bare host says that nothing is there", async () => {
    files = new MemoryFiles();
    outputs = new Map();
    const facts = await observe();
    assert.deepEqual(facts.kvm, { device: null, trial: null });
    assert.deepEqual(facts.firecracker, { path: "/opt/fc/firecracker", file: null, printed: null });
    assert.deepEqual(facts.encryption, { deviceMapper: false, crypt: null, cryptsetup: null, loopControl: false });
    assert.deepEqual(facts.network, { nft: null, refusal: "Error: no", tun: false, namespaces: false });
    assert.deepEqual(
      [
        facts.cgroup.controllers,
        facts.swaps,
        facts.ksm,
        facts.guestTimerPeriodUs,
        facts.cpu.smtActive,
        facts.clockSource,
      ],
      [null, [], null, null, null, null],
    );
  });

  it("finds dm-crypt as a module that is not loaded yet", async () => {
    outputs.set("dmsetup targets", "linear v1\n");
    outputs.set("modprobe --dry-run --quiet dm-crypt", "");
    assert.equal((await observe()).encryption.crypt, "loadable");
  });
});
