/** Checks of where data lies: encryption, swap, file systems, space. Pure. */
import { missing, ok, warn, type Finding } from "../finding.ts";
import type { Check } from "./check.ts";
import type { EncryptionFacts, MountFacts, StorageFacts, SwapFacts } from "./node-facts.ts";

const BYTES_PER_GIB = 1024 ** 3;
/** Below this databases and volumes soon can't be written. */
const LEAST_FREE_GIB = 1;
const SCARCE_FREE_GIB = 10;

export const dataChecks: readonly Check[] = [
  {
    name: "cryptsetup",
    promise: "Data volumes are made encrypted.",
    neededIn: "every mode",
    judge: ({ encryption: { cryptsetup } }) =>
      cryptsetup === null
        ? missing("cryptsetup is not installed", "Install it: apt-get install cryptsetup-bin")
        : ok(cryptsetup),
  },
  {
    name: "dm-crypt",
    promise: "The host's kernel encrypts what a guest writes before it reaches a disk.",
    neededIn: "production",
    judge: ({ encryption }) => judgeCrypt(encryption),
  },
  {
    name: "swap",
    promise: "Guest memory and keys reach no disk in the clear.",
    neededIn: "production",
    judge: ({ swaps }) => judgeSwap(swaps),
  },
  {
    name: "jail-file-system",
    promise: "Jails hold programs and device nodes, and share images with the host without a copy.",
    neededIn: "production",
    judge: ({ storage }) => judgeJails(storage),
  },
  {
    name: "disk-space",
    promise: "Databases, volumes and images can be written.",
    neededIn: "every mode",
    judge: ({ storage }) => judgeSpace(storage),
  },
];

function judgeCrypt({ deviceMapper, crypt, loopControl }: EncryptionFacts): Finding {
  if (!deviceMapper)
    return missing(
      "the kernel has no device-mapper",
      "Load it, now and at every boot: modprobe dm-mod; echo dm-mod >> /etc/modules-load.d/mvm.conf; else use a kernel with CONFIG_BLK_DEV_DM.",
    );
  if (crypt === null)
    return missing(
      "device-mapper has no dm-crypt",
      "Load it, now and at every boot: modprobe dm-crypt; echo dm-crypt >> /etc/modules-load.d/mvm.conf; else use a kernel with CONFIG_DM_CRYPT.",
    );
  if (!loopControl)
    return missing(
      "/dev/loop-control is missing",
      "Load the module, now and at every boot: modprobe loop; echo loop >> /etc/modules-load.d/mvm.conf",
    );
  return ok(crypt === "loaded" ? "dm-crypt, loop devices" : "dm-crypt as a module, loop devices");
}

function judgeSwap(swaps: readonly SwapFacts[]): Finding {
  const open = swaps.filter(({ safe }) => safe === null).map(({ device }) => device);
  if (open.length > 0)
    return missing(
      `${open.join(", ")} swaps to a disk in the clear`,
      `swapoff ${open.join(" ")}, and take it out of /etc/fstab; or encrypt it with a random key (crypttab).`,
    );
  if (swaps.length === 0) return ok("no swap");
  return ok(swaps.map(({ device, safe }) => `${device} ${safe === "memory" ? "in memory" : "encrypted"}`).join(", "));
}

function judgeJails({ jails, state, images }: StorageFacts): Finding {
  const forbidden = ["noexec", "nodev"].filter((option) => jails.options.includes(option));
  if (forbidden.length > 0)
    return missing(
      `${jails.path} lies on ${jails.mountPoint}, which is mounted ${forbidden.join(", ")}`,
      `mount -o remount,${forbidden.map((option) => option.slice(2)).join(",")} ${jails.mountPoint}, in /etc/fstab as well; or set [node] state_dir elsewhere.`,
    );
  const apart = [state, images].find(({ mountPoint }) => mountPoint !== jails.mountPoint);
  if (apart !== undefined)
    return missing(
      `${apart.path} lies on ${apart.mountPoint}, jails on ${jails.mountPoint}: files of one have no names in the other`,
      "Set [node] state_dir and [images] dir to places on one file system.",
    );
  return ok(`${jails.mountPoint} runs programs and device nodes, images lie on it`);
}

function judgeSpace({ state, images }: StorageFacts): Finding {
  const places = state.mountPoint === images.mountPoint ? [state] : [state, images];
  const seen = places.map((place) => `${gibText(place)} free at ${place.path}`).join(", ");
  const least = Math.min(...places.map(({ freeBytes }) => freeBytes)) / BYTES_PER_GIB;
  const remedy = "Free space, or set [node] state_dir and [images] dir to a bigger file system.";
  if (least < LEAST_FREE_GIB) return missing(seen, remedy);
  return least < SCARCE_FREE_GIB ? warn(seen, remedy) : ok(seen);
}

function gibText({ freeBytes }: MountFacts): string {
  return `${(freeBytes / BYTES_PER_GIB).toFixed(1)} GiB`;
}
