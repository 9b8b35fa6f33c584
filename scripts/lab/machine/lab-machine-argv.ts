/**
 * The command line of the lab host's QEMU: a PC with nested virtualization, emulated. Pure; used by
 * lab-machine.ts.
 *
 * `thread=single`, not `multi`: with several emulation threads nested guests get page faults out of
 * nowhere, and in the end the lab's own kernel panics. The kernel is told the TSC's frequency, because
 * it can't calibrate it while the machine is busy.
 */

export interface LabMachine {
  readonly kernelPath: string;
  readonly initrdPath: string;
  /** Raw, the lab host's own: it writes to it. */
  readonly diskPath: string;
  /** Read-only: this build and what goes with it. */
  readonly payloadPath: string;
  /** Port on loopback that leads to the lab host's SSH. */
  readonly sshPort: number;
  readonly consolePath: string;
  readonly pidPath: string;
  readonly tscKhz: number;
}

const MEM_MIB = 8192;
/**
 * One alone: QEMU 7.2 keeps an interrupt that its guest's hypervisor has injected in mind, and delivers it once more
 * when it turns to another of its processors. A nested guest's kernel then takes a tick with its interrupts off, and
 * dies or waits for ever, within seconds of its boot.
 */
const VCPUS = 1;

export function labMachineArgv(machine: LabMachine): readonly [string, ...string[]] {
  const kernelArgs = [
    "console=ttyS0",
    "root=/dev/disk/by-id/virtio-system",
    "rw",
    "quiet",
    `tsc_early_khz=${machine.tscKhz}`,
    "tsc=reliable",
    "mitigations=off",
  ];
  const drive = (id: string, path: string, more: string): readonly string[] => [
    "-drive",
    `if=none,id=${id},file=${path},format=raw,${more}`,
    "-device",
    `virtio-blk-pci,drive=${id},serial=${id}`,
  ];
  return [
    "qemu-system-x86_64",
    ...["-nodefaults", "-no-user-config", "-display", "none"],
    ...["-machine", "q35", "-accel", "tcg,thread=single,tb-size=1024", "-cpu", "max"],
    ...["-smp", String(VCPUS), "-m", String(MEM_MIB)],
    ...["-kernel", machine.kernelPath, "-initrd", machine.initrdPath, "-append", kernelArgs.join(" ")],
    // What the lab host's kernel has written is in this host's page cache: enough to outlive a power cut of the VM.
    ...drive("system", machine.diskPath, "cache=unsafe,discard=unmap"),
    ...drive("payload", machine.payloadPath, "readonly=on"),
    ...["-netdev", `user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:${machine.sshPort}-:22`],
    ...["-device", "virtio-net-pci,netdev=net", "-device", "virtio-rng-pci"],
    ...["-serial", `file:${machine.consolePath}`, "-pidfile", machine.pidPath, "-daemonize"],
  ];
}

/** The TSC's frequency, in kHz, from the text of /proc/cpuinfo. @throws Error when it is not said there */
export function tscKhzOf(cpuinfo: string): number {
  const mhz = /^cpu MHz\s*: (\d+\.\d+)$/m.exec(cpuinfo)?.[1];
  if (mhz === undefined) throw new Error("/proc/cpuinfo does not say the processor's frequency");
  return Math.round(Number(mhz) * 1000);
}
