/**
 * The meaning of a configuration: defaults filled in, paths absolute, roles and profiles of all
 * included files in one table. Pure.
 */
import { dirname, join, resolve } from "node:path";
import type { MicrovmsTables, ProfileDeclaration } from "../types/declarations.ts";
import type { ConfigFile } from "./schema.ts";

export interface EffectiveConfig extends Omit<ConfigFile, "node" | "coordinator" | "microvms"> {
  readonly node: ConfigFile["node"] & { readonly keys_dir: string };
  readonly coordinator: ConfigFile["coordinator"] & { readonly socket: string };
  readonly microvms: MicrovmsTables;
}

/**
 * @param path absolute path of the file that `file` was read from
 * @param microvms the merged tables, their paths absolute already
 */
export function effectiveConfig(file: ConfigFile, path: string, microvms: MicrovmsTables): EffectiveConfig {
  const directory = dirname(path);
  const absolute = (value: string): string => resolve(directory, value);
  const [stateDir, runtimeDir] = [absolute(file.node.state_dir), absolute(file.node.runtime_dir)];
  return {
    ...file,
    node: {
      ...file.node,
      state_dir: stateDir,
      runtime_dir: runtimeDir,
      firecracker_dir: absolute(file.node.firecracker_dir),
      keys_dir: absolute(file.node.keys_dir ?? `${stateDir}-keys`),
    },
    coordinator: {
      ...file.coordinator,
      socket: absolute(file.coordinator.socket ?? join(runtimeDir, "coordinator.sock")),
    },
    images: { ...file.images, dir: absolute(file.images.dir) },
    microvms,
  };
}

/** A profile whose directories are absolute; `path` is the file that declares it. */
export function withAbsolutePaths(profile: ProfileDeclaration, path: string): ProfileDeclaration {
  const { npm, files, ...rest } = profile.debian;
  const absolute = (value: string): string => resolve(dirname(path), value);
  return {
    ...profile,
    debian: {
      ...rest,
      ...(npm === undefined ? {} : { npm: absolute(npm) }),
      ...(files === undefined ? {} : { files: absolute(files) }),
    },
  };
}
