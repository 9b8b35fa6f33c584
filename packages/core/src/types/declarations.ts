/**
 * The schema of `[microvms]`: roles and profiles as data (design §1, issue "types are pure
 * configuration"). Used for mvm.toml itself and for each file that it includes.
 *
 * A field stands here only when something enforces it. Image inputs (`debian`, `patches`, `warm`)
 * are read by the image builder, everything else reaches nodes inside a resolved type.
 */
import * as z from "zod";
import { SecretName, TypeName } from "../ids.ts";

export const driveNames = ["data", "secrets", "config"] as const;
/** A smaller volume holds no file system. */
const LEAST_DATA_MIB = 16;

export const DriveName = z.enum(driveNames);
export type DriveName = z.infer<typeof DriveName>;

/** A name used in the guest: systemd unit, handler, port or connector. */
const guestName = z.string().regex(/^[a-z][a-z0-9@._-]{0,63}$/, "use lower-case letters, digits and . _ @ -");
const connectorName = z.string().regex(/^[a-z][a-z0-9]{0,31}$/, "use lower-case letters and digits");

export const PortDeclaration = z.strictObject({
  name: guestName,
  port: z.int().min(1).max(65535),
  /** What is spoken on it, for the addresses that people are shown. */
  scheme: z.enum(["http", "https"]).optional(),
});

export const SecretDeclaration = z.strictObject({
  name: SecretName,
  /** Without it the instance is refused (default false: what needs it stays off). */
  required: z.boolean().default(false),
  /** The coordinator makes a random one when the tenant has none. */
  generate: z.boolean().default(false),
});
export type SecretDeclaration = z.infer<typeof SecretDeclaration>;

export const ConnectorDeclaration = z.strictObject({
  requires_secrets: z.array(SecretName).default([]),
});

export const RoleDeclaration = z.strictObject({
  description: z.string().max(200),
  /** The profiles that this role may be combined with. */
  profiles: z.array(TypeName).min(1),
  /** Attached always; an instance that can't have one is refused. */
  required_drives: z.array(DriveName).default([]),
  /** Attached when there is something for them: data when it has a size, secrets when the profile names some. */
  optional_drives: z.array(DriveName).default([]),
  /** Whether instances get a port at the node's ingress address. */
  expose_ingress: z.boolean().default(false),
  /** Roles whose instances start only when this role's are ready, and stop before them. */
  starts_before: z.array(TypeName).default([]),
});
export type RoleDeclaration = z.infer<typeof RoleDeclaration>;

/** Resources of one instance; `mem_mib` and `data_mib` in MiB, `data_mib` 0: no data drive. */
export const Resources = z.strictObject({
  vcpus: z.int().min(1).max(32),
  mem_mib: z.int().min(64).max(262_144),
  data_mib: z
    .int()
    .min(0)
    .max(4_194_304)
    .refine((mib) => mib === 0 || mib >= LEAST_DATA_MIB, `say ${LEAST_DATA_MIB} or more, or 0 for no data drive`),
});
export type Resources = z.infer<typeof Resources>;

/** What an instance may take of its node at most, beyond its resources; what is not named has no limit of its own. */
export const Limits = z.strictObject({
  /** Of one processor, in percent, the VMM's own work included; default: all of its vCPUs. */
  cpu_percent: z.int().min(1).max(3_200).optional(),
  /** Of each disk, reading and writing together: kept by the VMM. The host's kernel holds the VMM to as much of each. */
  disk_kib_per_second: z.int().min(64).optional(),
  disk_ops_per_second: z.int().min(1).optional(),
  /** In each direction. */
  net_kib_per_second: z.int().min(64).optional(),
});
export type Limits = z.infer<typeof Limits>;

export const PatchDeclaration = z.strictObject({
  /** Why the package can't be used as it is. */
  reason: z.string().min(10),
  /** npm package and the one version that the patch is for. */
  package: z.string(),
  version: z.string(),
  /** Files below the package's directory: a path with `*` and `**`. */
  files: z.string(),
  expect: z.string().min(4),
  replace: z.string(),
  /** How often `expect` must be found, over all files. */
  count: z.int().min(1),
});
export type PatchDeclaration = z.infer<typeof PatchDeclaration>;

/** Runs of the application while its image is built, to fill the compile cache. */
export const WarmDeclaration = z
  .strictObject({
    command: z.array(z.string()).min(1),
    env: z.record(z.string(), z.string()).default({}),
    /** Path → contents, readable by the application alone; only where a guest has drives or memory: /etc/mvm-config, /run, /data. */
    files: z.record(z.string(), z.string()).default({}),
    /** It is ready when this address answers with success, or when it has printed this text: one of both. */
    ready_url: z.url({ protocol: /^http$/ }).optional(),
    ready_output: z.string().min(1).optional(),
    runs: z.int().min(1).max(4),
    timeout_seconds: z.int().min(1).max(600),
    /** Where the run leaves the cache, and where the image carries it read-only. */
    cache_from: z.string(),
    cache_to: z.string(),
  })
  .refine(
    ({ ready_url, ready_output }) => (ready_url === undefined) !== (ready_output === undefined),
    "give either ready_url or ready_output",
  );
export type WarmDeclaration = z.infer<typeof WarmDeclaration>;

export const DebianDeclaration = z.strictObject({
  packages: z.array(z.string().regex(/^[a-z0-9][a-z0-9.+-]+$/)).default([]),
  /** Directory with package.json and package-lock.json, relative to the declaring file. */
  npm: z.string().optional(),
  /** npm packages whose install scripts are run, confined and without network; all others' are not. */
  npm_scripts: z.array(z.string()).default([]),
  /** Directory whose tree is copied onto the root, relative to the declaring file. */
  files: z.string().optional(),
  /** systemd units enabled in the image. */
  units: z.array(guestName).default([]),
});
export type DebianDeclaration = z.infer<typeof DebianDeclaration>;

export const ProfileDeclaration = z.strictObject({
  description: z.string().max(200),
  /** What the guest agent does besides its own work: names from its handler table. */
  guest_handlers: z.array(guestName).default([]),
  /** systemd units whose state the guest reports. */
  services: z.array(guestName).default([]),
  ports: z.array(PortDeclaration).default([]),
  secrets: z.array(SecretDeclaration).default([]),
  connectors: z.record(connectorName, ConnectorDeclaration).default({}),
  /** Below this an instance is refused. */
  min_mem_mib: z.int().min(64),
  defaults: Resources,
  limits: Limits.default({}),
  debian: DebianDeclaration.default({ packages: [], npm_scripts: [], units: [] }),
  patches: z.array(PatchDeclaration).default([]),
  warm: WarmDeclaration.optional(),
});
export type ProfileDeclaration = z.infer<typeof ProfileDeclaration>;

/** What stands below `[microvms]`, in mvm.toml or in an included file. */
export const MicrovmsTables = z.strictObject({
  roles: z.record(TypeName, RoleDeclaration).default({}),
  profiles: z.record(TypeName, ProfileDeclaration).default({}),
});
export type MicrovmsTables = z.infer<typeof MicrovmsTables>;
