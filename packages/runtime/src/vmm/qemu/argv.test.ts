import assert from "node:assert/strict";
import { test } from "node:test";
import { InstanceId } from "@mvm/core";
import { confinementArgs, isSocketOption, machineArgs, qemuArgv, type QemuPlan } from "./argv.ts";
import type { QemuVersion } from "./suitability/version.ts";
import { vmPaths } from "./vm-paths.ts";

const version = (major: number, minor: number): QemuVersion => ({ major, minor, text: `${major}.${minor}.0` });

const plan: QemuPlan = {
  vm: {
    id: InstanceId.parse("acme-gw-0"),
    kernelPath: "/images/kernel",
    vmlinuxPath: "/images/vmlinux",
    initrdPath: "/images/initrd",
    drives: [
      { name: "rootfs", path: "/images/rootfs", readOnly: true },
      { name: "data", path: "/state/data.luks", readOnly: false, luksKeyPath: "/tmpfs/key" },
      { name: "secrets", path: "/tmpfs/secrets", readOnly: true },
      { name: "config", path: "/run/vm/config", readOnly: true },
    ],
    network: { namespace: "mvm-t1", tap: "tap10", mac: "02:00:00:00:01:0a" },
    vcpus: 2,
    memMib: 512,
    uid: 61_001,
    stateDir: "/state",
    runDir: "/run/vm",
  },
  commandLine: "console=ttyS0 quiet",
  memoryPath: "/state/memory",
  acceleration: "emulated",
  version: version(7, 2),
};

test("the whole argv of a VM", () => {
  assert.deepEqual(
    qemuArgv(plan)
      .join(" ")
      .split(/ (?=-)/),
    [
      "nsenter",
      "--net=/run/netns/mvm-t1",
      "-- qemu-system-x86_64",
      "-nodefaults",
      "-no-user-config",
      "-display none",
      "-no-reboot",
      "-machine microvm,acpi=on,pit=on,pic=on,rtc=on,isa-serial=on,auto-kernel-cmdline=off,dump-guest-core=off",
      "-global virtio-mmio.force-legacy=false",
      "-accel tcg,thread=multi,tb-size=256",
      "-cpu max",
      "-name guest=acme-gw-0,debug-threads=on",
      "-smp 2",
      "-m 512M",
      "-machine memory-backend=memory,suppress-vmdesc=on",
      "-object memory-backend-file,id=memory,size=512M,mem-path=/state/memory,share=on,prealloc=off",
      "-kernel /images/kernel",
      "-initrd /images/initrd",
      "-append console=ttyS0 quiet",
      "-chardev socket,id=qmp,path=/run/vm/qmp.sock,server=on,wait=off",
      "-mon chardev=qmp,mode=control",
      "-chardev socket,id=console,path=/run/vm/console.sock,server=on,wait=off",
      "-serial chardev:console",
      "-blockdev driver=raw,node-name=rootfs,read-only=on,cache.direct=off,cache.no-flush=off,file.driver=file,file.filename=/images/rootfs,file.locking=auto",
      "-device virtio-blk-device,bus=virtio-mmio-bus.23,drive=rootfs,serial=rootfs",
      "-object secret,id=data-key,file=/tmpfs/key",
      "-blockdev driver=luks,key-secret=data-key,node-name=data,read-only=off,cache.direct=off,cache.no-flush=off,file.driver=file,file.filename=/state/data.luks,file.locking=on",
      "-device virtio-blk-device,bus=virtio-mmio-bus.22,drive=data,serial=data",
      "-blockdev driver=raw,node-name=secrets,read-only=on,cache.direct=off,cache.no-flush=off,file.driver=file,file.filename=/tmpfs/secrets,file.locking=auto",
      "-device virtio-blk-device,bus=virtio-mmio-bus.21,drive=secrets,serial=secrets",
      "-blockdev driver=raw,node-name=config,read-only=on,cache.direct=off,cache.no-flush=off,file.driver=file,file.filename=/run/vm/config,file.locking=auto",
      "-device virtio-blk-device,bus=virtio-mmio-bus.20,drive=config,serial=config",
      "-netdev tap,id=net,ifname=tap10,script=no,downscript=no,vhost=off",
      "-device virtio-net-device,bus=virtio-mmio-bus.19,netdev=net,mac=02:00:00:00:01:0a",
      "-device virtio-serial-device,bus=virtio-mmio-bus.18,id=ports,max_ports=2",
      "-chardev socket,id=guest,path=/run/vm/guest.sock,server=on,wait=off",
      "-device virtserialport,bus=ports.0,chardev=guest,name=org.mvm.guest",
      "-object rng-builtin,id=random",
      "-device virtio-rng-device,bus=virtio-mmio-bus.17,rng=random,max-bytes=65536,period=1000",
      "-S",
      "-sandbox on,obsolete=deny,spawn=deny,resourcecontrol=deny",
      "-chroot /run/vm/root",
      "-runas 61001:61001",
    ],
  );
});

test("one argument is one thing: nothing is split at spaces, commas in paths are doubled", () => {
  const odd = {
    ...plan,
    vm: { ...plan.vm, runDir: "/run/a b,server=off", stateDir: "/st,ate" },
    memoryPath: "/st,ate/memory",
  };
  const argv = qemuArgv(odd);
  assert.ok(argv.includes("socket,id=qmp,path=/run/a b,,server=off/qmp.sock,server=on,wait=off"));
  assert.ok(argv.some((word) => word.includes("mem-path=/st,,ate/memory,share=on")));
  assert.ok(argv.includes("console=ttyS0 quiet"));
});

test("a saved VM's state comes in over a socket, its memory from where the snapshot has it", () => {
  const argv = qemuArgv({ ...plan, memoryPath: "/snapshots/a,b/memory", incomingPath: "/run/a,b/incoming.sock" });
  const added = argv.filter((word) => !qemuArgv(plan).includes(word));
  assert.deepEqual(added, [
    "memory-backend-file,id=memory,size=512M,mem-path=/snapshots/a,,b/memory,share=on,prealloc=off",
    "-incoming",
    "unix:/run/a,b/incoming.sock",
  ]);
  assert.ok(argv.includes("-S"), "it waits to be looked at, like any other");
});

test("a VM's process is found by its control socket", () => {
  for (const runDir of ["/run/vm", "/run/a,b"]) {
    const vm = { ...plan.vm, runDir };
    const argv = qemuArgv({ ...plan, vm });
    assert.equal(argv.filter((word) => isSocketOption(word, vmPaths(vm).qmp)).length, 1);
    assert.equal(
      argv.some((word) => isSocketOption(word, vmPaths({ ...vm, runDir: "/run/v" }).qmp)),
      false,
    );
  }
});

test("under KVM the host's processor is the guest's", () => {
  const argv = machineArgs("kvm", 512).join(" ");
  assert.ok(argv.includes("-accel kvm -cpu host"));
  assert.ok(!argv.includes("tcg"));
});

test("translated code takes half as much as the guest's memory, within bounds", () => {
  const cacheOf = (memMib: number) => /tb-size=(\d+)/.exec(machineArgs("emulated", memMib).join(" "))?.[1];
  assert.deepEqual([128, 512, 1024, 2048, 8192].map(cacheOf), ["64", "256", "512", "1024", "1024"]);
});

test("each version of QEMU is told in its own words to give up its rights", () => {
  const wordsOf = (of: QemuVersion) => confinementArgs(of, { uid: 9, rootDir: "/empty,dir" }).slice(2);
  assert.deepEqual(wordsOf(version(7, 2)), ["-chroot", "/empty,dir", "-runas", "9:9"]);
  assert.deepEqual(wordsOf(version(8, 2)), ["-run-with", "chroot=/empty,,dir", "-runas", "9:9"]);
  assert.deepEqual(wordsOf(version(10, 0)), ["-run-with", "chroot=/empty,,dir,user=9:9"]);
});
