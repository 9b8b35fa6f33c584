/** The public names of runtime. */
export { createLinuxCommands } from "./host/commands.ts";
export { createLinuxProcesses } from "./host/processes.ts";
export { createUnixSockets } from "./host/unix-sockets.ts";
export { createTenantNetworks, type TenantNetworksOptions } from "./network/linux-tenant-networks.ts";
export type { GuestPort, TenantNetworks } from "./network/tenant-network.ts";
export type {
  Confinement,
  DriverCapabilities,
  DriverFingerprint,
  LaunchedVm,
  VmDrive,
  VmHandle,
  VmLaunch,
  VmPlace,
  VmState,
  VmmDriver,
} from "./vmm/driver.ts";
export { QEMU_MEM_OVERHEAD } from "./vmm/qemu/mem-overhead.ts";
export { createQemuDriver, type QemuDriverOptions } from "./vmm/qemu/qemu-driver.ts";
export type { ConnectOptions, UnixSockets } from "./vmm/unix-sockets.ts";
export { createLuksVolumes } from "./volumes/luks-volumes.ts";
export type { VolumeRequest, Volumes } from "./volumes/volumes.ts";
