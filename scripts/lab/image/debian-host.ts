/**
 * What the lab host is made of: a Debian system as an administrator would set it up for mvm, from
 * Debian's packages alone. Data and pure builders; host-image.ts makes it.
 *
 * SSH is the way of this suite into the lab host, never part of the product.
 */
import { createHash } from "node:crypto";

/** Path in the lab host to text. */
export type HostFiles = Readonly<Record<string, string>>;

/** Beyond what mvm itself asks for: a bootable system with SSH, and what the tests look with. */
const OWN_PACKAGES = [
  // Whatever breaks out of a VMM finds no program in its jail: tests give it this one.
  "busybox-static",
  "dbus",
  "dmsetup",
  "initramfs-tools",
  "iputils-ping",
  "linux-image-cloud-amd64",
  "openssh-server",
  "systemd",
  "systemd-sysv",
  "udev",
];

const UNITS_NOT_WANTED = [
  "apt-daily.timer",
  "apt-daily-upgrade.timer",
  "dpkg-db-backup.timer",
  "e2scrub_all.timer",
  "e2scrub_reap.service",
  "fstrim.timer",
  "systemd-networkd-wait-online.service",
];

export const DISK_GIB = 40;

/** Files of the lab host that say how it is set up. */
export const HOST_FILES: HostFiles = {
  "/etc/mvm-lab": "This host was made by npm run lab.\n",
  "/etc/hostname": "lab\n",
  "/etc/hosts": "127.0.0.1 localhost lab\n",
  "/etc/fstab":
    "/dev/disk/by-id/virtio-system / ext4 noatime 0 1\n/dev/disk/by-id/virtio-payload /mnt/payload erofs ro 0 0\n",
  "/etc/machine-id": "",
  // A guest in a guest is enough.
  "/etc/modprobe.d/kvm.conf": "options kvm_amd nested=0\n",
  "/etc/systemd/network/lab.network": "[Match]\nName=en*\n[Network]\nAddress=10.0.2.15/24\n",
  "/etc/ssh/sshd_config.d/lab.conf":
    "HostKey /etc/ssh/ssh_host_ed25519_key\nUseDNS no\nUsePAM no\nPermitRootLogin prohibit-password\nPasswordAuthentication no\n",
};

/** Links of the lab host: path to target. */
export const HOST_LINKS: HostFiles = {
  "/etc/systemd/system/multi-user.target.wants/systemd-networkd.service":
    "/lib/systemd/system/systemd-networkd.service",
  ...Object.fromEntries(UNITS_NOT_WANTED.map((unit) => [`/etc/systemd/system/${unit}`, "/dev/null"])),
};

/** @param productPackages what mvm asks an operator to install */
export function hostPackages(productPackages: readonly string[]): readonly string[] {
  return [...new Set([...OWN_PACKAGES, ...productPackages])].sort();
}

/** Processes and mounts of its own, which end with it even when it is killed: a tree that is swept holds no mount. */
const BOUND = [
  "setpriv",
  "--pdeathsig=KILL",
  "unshare",
  ...["--mount", "--propagation=private", "--pid", "--mount-proc", "--fork", "--kill-child=KILL"],
] as const;

/** The command that makes the lab host's root; needs root. */
export function debianRootArgv(packages: readonly string[], target: string): readonly [string, ...string[]] {
  return [
    ...BOUND,
    "mmdebstrap",
    "--mode=root",
    "--variant=minbase",
    `--include=${packages.join(",")}`,
    '--aptopt=APT::Install-Recommends "false"',
    ...["doc", "info", "locale", "man"].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`),
    "bookworm",
    target,
  ];
}

/** Names the lab host's image: another content, another name. */
export function hostImageKey(packages: readonly string[]): string {
  const content = JSON.stringify({ packages, HOST_FILES, HOST_LINKS, DISK_GIB });
  return createHash("sha256").update(content).digest("hex").slice(0, 16);
}
