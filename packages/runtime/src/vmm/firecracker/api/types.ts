/**
 * Bodies of the Firecracker API as far as the driver uses them, of API version 1.16.1. Fields that
 * it never sends are left out. Generated from facts.json by `npm run generate`.
 */

export interface BootSource {
  readonly boot_args?: string;
  readonly initrd_path?: string;
  readonly kernel_image_path: string;
}

export interface Drive {
  readonly drive_id: string;
  readonly is_root_device: boolean;
  readonly cache_type?: "Unsafe" | "Writeback";
  readonly is_read_only?: boolean;
  readonly path_on_host?: string;
  readonly rate_limiter?: RateLimiter;
}

export interface EntropyDevice {
  readonly rate_limiter?: RateLimiter;
}

export interface InstanceActionInfo {
  readonly action_type: "FlushMetrics" | "InstanceStart" | "SendCtrlAltDel";
}

export interface InstanceInfo {
  readonly app_name: string;
  readonly id: string;
  readonly state: "Not started" | "Running" | "Paused";
  readonly vmm_version: string;
}

export interface MachineConfiguration {
  readonly smt?: boolean;
  readonly mem_size_mib: number;
  readonly track_dirty_pages?: boolean;
  readonly vcpu_count: number;
}

export interface MemoryBackend {
  readonly backend_type: "File" | "Uffd";
  readonly backend_path: string;
}

export interface NetworkInterface {
  readonly guest_mac?: string;
  readonly host_dev_name: string;
  readonly iface_id: string;
  readonly rx_rate_limiter?: RateLimiter;
  readonly tx_rate_limiter?: RateLimiter;
}

export interface NetworkOverride {
  readonly iface_id: string;
  readonly host_dev_name: string;
}

export interface PartialDrive {
  readonly drive_id: string;
  readonly path_on_host?: string;
}

export interface RateLimiter {
  readonly bandwidth?: TokenBucket;
  readonly ops?: TokenBucket;
}

export interface SnapshotCreateParams {
  readonly mem_file_path: string;
  readonly snapshot_path: string;
  readonly snapshot_type?: "Full" | "Diff";
}

export interface SnapshotLoadParams {
  readonly track_dirty_pages?: boolean;
  readonly mem_backend?: MemoryBackend;
  readonly snapshot_path: string;
  readonly resume_vm?: boolean;
  readonly network_overrides?: readonly NetworkOverride[];
}

export interface TokenBucket {
  readonly one_time_burst?: number;
  readonly refill_time: number;
  readonly size: number;
}

export interface Vm {
  readonly state: "Paused" | "Resumed";
}

export interface Vsock {
  readonly guest_cid: number;
  readonly uds_path: string;
}
