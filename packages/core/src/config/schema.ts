/**
 * The schema of mvm.toml, strict: an unknown key is an error. `[microvms]` may include further
 * files that hold role and profile tables. Relative paths are relative to the file they stand in.
 */
import * as z from "zod";
import { NodeId } from "../ids.ts";
import { imageKinds } from "../images/manifest.ts";
import { NodeMode } from "../node-mode.ts";
import { MicrovmsTables } from "../types/declarations.ts";

const absoluteOrRelativePath = z
  .string()
  .min(1)
  .max(4096)
  .refine((path) => !path.includes("\0"), "a path can't hold a NUL");
/** Linux' limit for the path of a Unix socket, without the closing NUL. */
const MAX_SOCKET_PATH = 107;
/** Room below runtime_dir for the longest socket: a directory, an instance's id and a file name. */
const LONGEST_SOCKET_NAME = "/vms//console.sock".length + 54;
const MAX_RUNTIME_DIR_BYTES = MAX_SOCKET_PATH - LONGEST_SOCKET_NAME;
const runtimeDirPath = absoluteOrRelativePath.refine((path) => Buffer.byteLength(path) <= MAX_RUNTIME_DIR_BYTES, {
  error: ({ input }) =>
    `it has ${Buffer.byteLength(String(input))} bytes, and at most ${MAX_RUNTIME_DIR_BYTES} leave room for the sockets below it`,
});
const cidr4 = z.cidrv4("write an IPv4 range such as 10.64.0.0/10");
const portRange = z
  .tuple([z.int().min(1).max(65535), z.int().min(1).max(65535)])
  .refine(([first, last]) => first <= last, "the first port must not be above the last");

export const NodeSection = z.strictObject({
  name: NodeId,
  mode: NodeMode,
  state_dir: absoluteOrRelativePath.default("/var/lib/mvm"),
  runtime_dir: runtimeDirPath.default("/run/mvm"),
  /** Apart from the state, so that no copy of that opens anything; default: `state_dir` with `-keys` behind it. */
  keys_dir: absoluteOrRelativePath.optional(),
  /** Directory of the programs `firecracker` and `jailer`, which mode production runs. */
  firecracker_dir: absoluteOrRelativePath.default("/usr/local/bin"),
  /** Builds of Firecracker that are no releases and may run in mode production all the same. */
  accept_firecracker: z
    .array(z.string().regex(/^\d+\.\d+\.\d+[0-9A-Za-z.+-]*$/, "write a version such as 1.17.0-dev"))
    .max(16)
    .default([]),
  /** One unprivileged uid (and gid) a VM, taken from [first, last]. */
  uid_range: z
    .tuple([z.int().min(1000), z.int().max(4_000_000_000)])
    .refine(([first, last]) => last - first >= 15, "the range must hold 16 uids at least")
    .default([200_000, 265_535]),
  /** How many instances boot at the same time. */
  parallel_starts: z.int().min(1).max(256).default(2),
  /** MiB that the host keeps for itself. */
  reserved_mem_mib: z.int().min(0).default(1024),
  /** How long a guest may take from its first instruction to answering, seconds. */
  boot_timeout_seconds: z.int().min(5).max(3600).default(180),
  /** How long a guest may take to stop by itself before it is killed, seconds. */
  stop_timeout_seconds: z.int().min(1).max(600).default(30),
});

export const CoordinatorSection = z.strictObject({
  /** Unix socket that only root opens; default: `coordinator.sock` in the node's runtime_dir. */
  socket: absoluteOrRelativePath.optional(),
  /** How long a manual stop or start holds off reconcile, seconds. */
  hold_seconds: z.int().min(1).max(31_536_000).default(1800),
});

export const NetworkSection = z.strictObject({
  /** Beginning of every namespace, link and table name that the host sees. */
  name_prefix: z
    .string()
    .regex(/^[a-z][a-z0-9]{0,5}$/, "1 to 6 lower-case letters and digits")
    .default("mvm"),
  cluster_cidr: cidr4.default("10.64.0.0/10"),
  /** Size of each tenant's subnet. */
  tenant_prefix_length: z.int().min(20).max(28).default(24),
  /** Where the /30 links between the host and the tenants' namespaces come from. */
  uplink_cidr: cidr4.default("100.64.0.0/16"),
});

export const ImagesSection = z.strictObject({
  dir: absoluteOrRelativePath.default("/var/cache/mvm/images"),
  accept: z.array(z.enum(imageKinds)).min(1).default(["nix"]),
});

export const IngressSection = z.strictObject({
  /** Loopback ports, one an instance whose role exposes ingress: [first, last]. */
  ports: portRange.default([18800, 18899]),
});

export const ConfigFile = z.strictObject({
  schema_version: z.literal(1),
  node: NodeSection,
  coordinator: CoordinatorSection.default({ hold_seconds: 1800 }),
  network: NetworkSection.prefault({}),
  images: ImagesSection.prefault({}),
  ingress: IngressSection.prefault({}),
  microvms: MicrovmsTables.extend({
    /** Files with more `[microvms]` tables; `*` stands for any name in its directory. */
    include: z.array(absoluteOrRelativePath).default([]),
  }).prefault({}),
});
export type ConfigFile = z.infer<typeof ConfigFile>;

/** An included file: `[microvms]` tables and nothing else. */
export const TypesFile = z.strictObject({ microvms: MicrovmsTables });
