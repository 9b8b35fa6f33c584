/** The public names of runtime. */
export { createLinuxCommands } from "./host/commands.ts";
export { createLinuxProcesses } from "./host/processes.ts";
export { createPipes } from "./host/pipes.ts";
export { createRawFiles } from "./host/raw-files.ts";
export { createUnixHttp } from "./host/unix-http.ts";
export { createUnixSockets } from "./host/unix-sockets.ts";
export { createTenantNetworks, type TenantNetworksOptions } from "./network/linux-tenant-networks.ts";
export type { GuestPort, TenantNetworks } from "./network/tenant-network.ts";
export { judgeNode } from "./node-check/judge-node.ts";
export { observeNode, type NodeCheckTarget } from "./node-check/observe-node.ts";
export type {
  Confinement,
  DriverCapabilities,
  DriverFingerprint,
  LaunchedVm,
  OutputTail,
  VmDrive,
  VmHandle,
  VmLaunch,
  VmLimits,
  VmPlace,
  VmRestore,
  VmSnapshot,
  VmState,
  VmmDriver,
} from "./vmm/driver.ts";
export { OUTPUT_SOURCES } from "./vmm/driver.ts";
export { CONTROLLERS } from "./vmm/firecracker/confinement/cgroups.ts";
export type { FirecrackerDriverOptions } from "./vmm/firecracker/driver-parts.ts";
export { createFirecrackerDriver } from "./vmm/firecracker/firecracker-driver.ts";
export { openGuestPort } from "./vmm/firecracker/guest-stream.ts";
export { vmJailsDir } from "./vmm/firecracker/jail/jail-paths.ts";
export { QEMU_MEM_OVERHEAD } from "./vmm/qemu/suitability/mem-overhead.ts";
export { createQemuDriver, type QemuDriverOptions } from "./vmm/qemu/qemu-driver.ts";
export type { ConnectOptions, UnixSockets } from "./vmm/ports/unix-sockets.ts";
export { createBlockDeviceVolumes, type BlockDeviceVolumesOptions } from "./volumes/block-device-volumes.ts";
export { growFileArgv, growLoopArgv, growMappingArgv, luksFormatArgv, luksOpenArgv } from "./volumes/luks-argv.ts";
export { createLuksFileVolumes } from "./volumes/luks-file-volumes.ts";
export type { OpenVolume, VolumePlace, VolumeRequest, Volumes } from "./volumes/volumes.ts";
