/**
 * What every image has, whatever its profile: Debian packages, and what of theirs is left out or
 * switched off. The files themselves (units, scripts, settings) lie in `microvms/base/files`.
 *
 * A guest is booted thousands of times, emulated too, and idles for days: nothing starts that the
 * guest contract doesn't need, and nothing wakes an idle VM.
 */

/** systemd, the tools of the mount and network scripts, and what Node links to. */
export const BASE_PACKAGES: readonly string[] = [
  "e2fsprogs",
  "iproute2",
  "libstdc++6",
  "systemd",
  "systemd-sysv",
  "usr-is-merged",
];

/** Units of `microvms/base/files` that are enabled in every image. */
export const BASE_UNITS: readonly string[] = [
  "tmp.mount",
  "var.mount",
  "mvm-drives.service",
  "mvm-network.service",
  "mvm-guest-agent.service",
  "mvm-guest-channel.socket",
];

/** Mount points that a drive or a memory file system takes. */
export const MOUNT_POINTS: readonly string[] = ["data", "etc/mvm-config"];

/** Paths of the tree that the image does without. */
export const REMOVED_PATHS: readonly string[] = [
  // The kernel and its modules come from outside.
  "boot",
  // Each is a process at boot that would look for something which no guest has.
  "usr/lib/systemd/system-generators",
  // No package is installed in a guest.
  "etc/apt",
  "var/cache",
  "var/lib/apt",
  "var/lib/dpkg",
  // What Debian's packages enabled by themselves; a profile names the units that it wants.
  "etc/systemd/system/getty.target.wants",
  "etc/systemd/system/multi-user.target.wants",
  "etc/systemd/system/timers.target.wants",
  "usr/lib/systemd/system/timers.target.wants",
];

/** Units that sysinit, basic and multi-user targets would start. */
export const MASKED_UNITS: readonly string[] = [
  // Nobody logs in.
  "console-getty.service",
  "getty-static.service",
  "getty.target",
  "serial-getty@.service",
  "systemd-ask-password-console.path",
  "systemd-ask-password-wall.path",
  "systemd-logind.service",
  "systemd-user-sessions.service",
  // The root is immutable, made once and without a journal on disk.
  "systemd-binfmt.service",
  "systemd-firstboot.service",
  "systemd-journal-flush.service",
  "systemd-machine-id-commit.service",
  "systemd-pcrphase-sysinit.service",
  "systemd-pcrphase.service",
  "systemd-random-seed.service",
  "systemd-remount-fs.service",
  "systemd-repart.service",
  "systemd-sysusers.service",
  "systemd-update-utmp-runlevel.service",
  "systemd-update-utmp.service",
  // Devices and modules are the kernel's and the initrd's affair.
  "dev-hugepages.mount",
  "dev-mqueue.mount",
  "kmod-static-nodes.service",
  "modprobe@.service",
  "proc-sys-fs-binfmt_misc.automount",
  "sys-fs-fuse-connections.mount",
  "sys-kernel-config.mount",
  "sys-kernel-debug.mount",
  "sys-kernel-tracing.mount",
  "systemd-modules-load.service",
  "systemd-tmpfiles-setup-dev.service",
  // No encrypted or verified disks inside; no second log.
  "cryptsetup.target",
  "integritysetup.target",
  "systemd-initctl.socket",
  "systemd-journald-audit.socket",
  "veritysetup.target",
  // Nothing that wakes an idle VM.
  "systemd-tmpfiles-clean.timer",
];
