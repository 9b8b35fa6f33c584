/** What is asked of an image build, and what it answers. */
import type { ImageManifest, ProfileDeclaration } from "@mvm/core";
import type { BuildProgress } from "./build-ports.ts";

export interface BuildImageRequest {
  /** [images] dir. */
  readonly imagesDir: string;
  /** `microvms/base` of the project: what every image carries. */
  readonly baseDir: string;
  /** The guest agent, bundled into one file. */
  readonly guestAgentPath: string;
  readonly profileName: string;
  /** With absolute paths, as the loaded configuration has it. */
  readonly profile: ProfileDeclaration;
  /** Proxy and certificate settings of this host, for apt and npm. */
  readonly downloadEnv?: Readonly<Record<string, string>>;
  /** Builds anew with the newest Debian packages even when nothing declared has changed. */
  readonly refresh?: boolean;
  readonly onProgress?: BuildProgress;
  readonly signal?: AbortSignal;
}

export interface BuiltImage {
  readonly manifest: ImageManifest;
  /** Whether it was there already. */
  readonly cached: boolean;
}
