/** The image tools of this program: where its sources lie, and how this host reaches package sources. A host adapter. */
import { join } from "node:path";
import { type ImageTools, openImageTools } from "@mvm/agent";
import type { EffectiveConfig } from "@mvm/core";
import { findInstallation } from "./installation.ts";

/** What apt and npm need of the environment to reach their sources from behind a proxy or an own registry. */
const DOWNLOAD_VARIABLES = [
  "HOME",
  "http_proxy",
  "https_proxy",
  "no_proxy",
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "NO_PROXY",
  "NODE_EXTRA_CA_CERTS",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "npm_config_userconfig",
  "npm_config_globalconfig",
  "npm_config_registry",
  "npm_config_cafile",
  "npm_config_cache",
];

/** @throws MvmError MVM_HOST_UNSUPPORTED in an incomplete installation */
export function hostImageTools({ images }: Pick<EffectiveConfig, "images">): ImageTools {
  const { root } = findInstallation();
  return openImageTools({
    imagesDir: images.dir,
    baseDir: join(root, "microvms", "base"),
    guestAgentPath: join(root, "dist", "guest-agent.mjs"),
    downloadEnv: downloadEnv(process.env),
  });
}

function downloadEnv(env: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    DOWNLOAD_VARIABLES.flatMap((name) => {
      const value = env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
