/**
 * What an image is made from. The hash over it decides whether a build is needed at all, so
 * everything that shapes the image stands in it, and nothing else: no path of this machine, no
 * time, no role (roles add nothing to an image). Pure.
 */
import { hashOf, type ProfileDeclaration } from "@mvm/core";
import { GUEST_MODULES } from "../kernel/initrd.ts";
import { KERNEL_PACKAGES } from "../kernel/kernel-files.ts";
import { DEBIAN_SUITE, SOURCE_DATE_EPOCH } from "./debian/mmdebstrap.ts";
import { BASE_PACKAGES, BASE_UNITS, MASKED_UNITS, MOUNT_POINTS, REMOVED_PATHS } from "./root/base-tree.ts";

/** Counted up when the builder makes something else of the same declarations. */
const BUILDER_FORMAT = 1;

/** Hashes of the files that a build reads; null where the profile has none. */
export interface SourceHashes {
  /** The tree `microvms/base`. */
  readonly base: string;
  readonly guestAgent: string;
  /** package.json, its lock and .npmrc of the profile. */
  readonly npmProject: string | null;
  /** The profile's `debian.files`. */
  readonly files: string | null;
}

/** The hash of everything that an image of this profile is made from. */
export function imageInputHash(profileName: string, profile: ProfileDeclaration, sources: SourceHashes): string {
  const { packages, npm_scripts, units } = profile.debian;
  return hashOf({
    format: BUILDER_FORMAT,
    kind: "debian",
    ...debianInputs(packages),
    ...kernelInputs(),
    profile: profileName,
    base: { units: BASE_UNITS, masked: MASKED_UNITS, removed: REMOVED_PATHS, mount_points: MOUNT_POINTS },
    units,
    npm_scripts,
    patches: profile.patches,
    warm: profile.warm,
    sources,
  });
}

/** What the Debian part of a root file system depends on; shared by all profiles with the same packages. */
export function debianInputs(profilePackages: readonly string[]): Readonly<Record<string, unknown>> {
  return { suite: DEBIAN_SUITE, source_date_epoch: SOURCE_DATE_EPOCH, packages: rootPackages(profilePackages) };
}

/** What the kernel's files depend on besides the sources; shared by all images. */
export function kernelInputs(): Readonly<Record<string, unknown>> {
  return { suite: DEBIAN_SUITE, kernel_packages: KERNEL_PACKAGES, modules: GUEST_MODULES };
}

/** All Debian packages asked for, sorted, each once. */
export function rootPackages(profilePackages: readonly string[]): readonly string[] {
  return [...new Set([...BASE_PACKAGES, ...profilePackages])].toSorted();
}
