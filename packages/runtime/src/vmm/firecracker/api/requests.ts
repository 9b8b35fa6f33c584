/** The requests that make and change a VM, in their order, as data. Pure. */
import type { VmDrive, VmLaunch, VmLimits } from "../../driver.ts";
import type {
  BootSource,
  Drive,
  EntropyDevice,
  InstanceActionInfo,
  MachineConfiguration,
  NetworkInterface,
  PartialDrive,
  RateLimiter,
  SnapshotCreateParams,
  SnapshotLoadParams,
  TokenBucket,
  Vm,
  Vsock,
} from "./types.ts";
import { inside } from "../jail/jail-paths.ts";
import { kernelCommandLine } from "../kernel-command-line.ts";

export interface ApiRequest<Body = unknown> {
  readonly method: "PUT" | "PATCH";
  readonly path: string;
  readonly body: Body;
}

const INTERFACE_ID = "eth0";
/** The same in every VM: the socket in the VM's own jail tells them apart. 0 to 2 have meanings of their own. */
const GUEST_CID = 3;
/** What the guest may draw from the host's random pool. */
const RANDOM_BYTES_PER_SECOND = 64 * 1024;
/** A bucket of one second's share: what was not used for a second may come as one burst. */
const REFILL_MS = 1_000;

/** Everything that Firecracker must know before its InstanceStart. Drives become vda, vdb, … in their order. */
export function bootRequests(vm: VmLaunch): readonly ApiRequest[] {
  return [
    put<MachineConfiguration>("/machine-config", {
      vcpu_count: vm.vcpus,
      mem_size_mib: vm.memMib,
      smt: false,
      track_dirty_pages: false,
    }),
    put<BootSource>("/boot-source", {
      kernel_image_path: inside.kernel,
      initrd_path: inside.initrd,
      boot_args: kernelCommandLine(vm.kernelArgs),
    }),
    ...vm.drives.map((drive) => driveRequest(drive, vm.limits)),
    put<NetworkInterface>(`/network-interfaces/${INTERFACE_ID}`, {
      iface_id: INTERFACE_ID,
      host_dev_name: vm.network.tap,
      guest_mac: vm.network.mac,
      ...netLimiters(vm.limits),
    }),
    put<Vsock>("/vsock", { guest_cid: GUEST_CID, uds_path: inside.guestSocket }),
    put<EntropyDevice>("/entropy", { rate_limiter: { bandwidth: perSecond(RANDOM_BYTES_PER_SECOND) } }),
  ];
}

export const startRequest: ApiRequest = put<InstanceActionInfo>("/actions", { action_type: "InstanceStart" });
export const pauseRequest: ApiRequest = { method: "PATCH", path: "/vm", body: { state: "Paused" } satisfies Vm };
export const resumeRequest: ApiRequest = { method: "PATCH", path: "/vm", body: { state: "Resumed" } satisfies Vm };

/**
 * Lets Firecracker open a drive anew at its old path: it takes the size that the device has now, and tells the
 * guest by a change of the drive's configuration. Firecracker warns against this for a drive that is mounted,
 * because another file may come in between; here it is the same device, whose beginning has not changed, and no
 * request is under way while the API is served, because drives are read and written synchronously.
 */
export function growRequest(name: VmDrive["name"]): ApiRequest {
  const body: PartialDrive = { drive_id: name, path_on_host: inside.drive(name) };
  return { method: "PATCH", path: `/drives/${name}`, body };
}

/** Writes the whole memory and the devices' state into the jail. */
export const saveRequest: ApiRequest = put<SnapshotCreateParams>("/snapshot/create", {
  snapshot_type: "Full",
  snapshot_path: inside.savedState,
  mem_file_path: inside.savedMemory,
});

/** Loads a VM and leaves it paused. Its memory file stays in use, unchanged, for as long as the VM lives. */
export function loadRequest({ network }: Pick<VmLaunch, "network">): ApiRequest {
  return put<SnapshotLoadParams>("/snapshot/load", {
    snapshot_path: inside.loadedState,
    mem_backend: { backend_type: "File", backend_path: inside.loadedMemory },
    track_dirty_pages: false,
    resume_vm: false,
    network_overrides: [{ iface_id: INTERFACE_ID, host_dev_name: network.tap }],
  });
}

/**
 * `Writeback` shows the guest a disk with a cache, whose flush becomes an fsync on the host: what a guest
 * has synced survives. A disk that is only read needs none. No drive is Firecracker's root device: the
 * command line names the root by itself.
 */
function driveRequest({ name, readOnly }: VmDrive, limits: VmLimits | undefined): ApiRequest {
  return put<Drive>(`/drives/${name}`, {
    drive_id: name,
    path_on_host: inside.drive(name),
    is_root_device: false,
    is_read_only: readOnly,
    cache_type: readOnly ? "Unsafe" : "Writeback",
    ...diskLimiter(limits),
  });
}

function diskLimiter({ diskBytesPerSecond, diskOpsPerSecond }: VmLimits = {}): { rate_limiter?: RateLimiter } {
  if (diskBytesPerSecond === undefined && diskOpsPerSecond === undefined) return {};
  return {
    rate_limiter: {
      ...(diskBytesPerSecond === undefined ? {} : { bandwidth: perSecond(diskBytesPerSecond) }),
      ...(diskOpsPerSecond === undefined ? {} : { ops: perSecond(diskOpsPerSecond) }),
    },
  };
}

function netLimiters({ netBytesPerSecond }: VmLimits = {}): Partial<
  Pick<NetworkInterface, "rx_rate_limiter" | "tx_rate_limiter">
> {
  if (netBytesPerSecond === undefined) return {};
  const limiter: RateLimiter = { bandwidth: perSecond(netBytesPerSecond) };
  return { rx_rate_limiter: limiter, tx_rate_limiter: limiter };
}

function perSecond(size: number): TokenBucket {
  return { size, refill_time: REFILL_MS };
}

function put<Body>(path: string, body: Body): ApiRequest<Body> {
  return { method: "PUT", path, body };
}
