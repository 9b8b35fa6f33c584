/**
 * The manifest of an image: what a revision is made of, with the hash of every artifact.
 *
 * Written by build, read by the coordinator (to resolve `latest`) and by the agent (to verify and
 * boot). The revision is the hash of everything here but itself; times are not part of it.
 */
import * as z from "zod";
import { RevisionId, TypeName } from "../ids.ts";

/** `nix`: reproducible production builds; `debian`: development images from Debian packages. */
export const imageKinds = ["nix", "debian"] as const;

export const artifactNames = ["kernel", "vmlinux", "initrd", "rootfs"] as const;
export const ArtifactName = z.enum(artifactNames);
export type ArtifactName = z.infer<typeof ArtifactName>;

const hex64 = z.string().regex(/^[0-9a-f]{64}$/);

export const Artifact = z.strictObject({
  /** File name below the image directory, without `..`. */
  file: z
    .string()
    .regex(/^[a-z0-9][a-zA-Z0-9._/-]*$/)
    .refine((path) => !path.includes("..")),
  sha256: hex64,
  size_bytes: z.int().min(1),
});
export type Artifact = z.infer<typeof Artifact>;

export const ImageManifest = z.strictObject({
  schema_version: z.literal(1),
  revision: RevisionId,
  kind: z.enum(imageKinds),
  /** Null when the role adds nothing to the image, so that one image serves every role. */
  role: TypeName.nullable(),
  profile: TypeName,
  /** Hash of the declared inputs; equal inputs are a cache hit. */
  input_hash: hex64,
  artifacts: z.record(ArtifactName, Artifact),
  /** Debian's version of the kernel package. */
  kernel_version: z.string(),
  /** Installed packages, `name=version`, sorted. */
  packages: z.array(z.string()),
  npm_lock_sha256: hex64.nullable(),
  patches: z.array(
    z.strictObject({
      package: z.string(),
      version: z.string(),
      files: z.array(z.string()),
      count: z.int(),
      reason: z.string(),
    }),
  ),
});
export type ImageManifest = z.infer<typeof ImageManifest>;

/** An image in the catalogue with the time it was built, which is no part of its revision. */
export interface CatalogueImage {
  readonly manifest: ImageManifest;
  readonly builtAtMs: number;
}

/** What the coordinator asks of the images on a machine. Implemented by build. */
export interface ImageCatalog {
  /** All complete images, newest first. */
  list(): Promise<readonly CatalogueImage[]>;
  /** The newest image for a role and profile, or null. */
  newest(role: string, profile: string): Promise<CatalogueImage | null>;
  get(revision: RevisionId): Promise<CatalogueImage | null>;
}
