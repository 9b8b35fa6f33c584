/** The images of the quickstart's fleet: built when their inputs are new, found otherwise. */
import type { EffectiveConfig } from "@mvm/core";
import { resolveType } from "@mvm/core";
import type { CliContext } from "../../context.ts";
import { hostImageTools } from "../../host/image-host.ts";
import { buildWithProgress } from "../image/build-with-progress.ts";

export interface WantedImages {
  readonly config: EffectiveConfig;
  readonly types: readonly { readonly role: string; readonly profile: string }[];
  readonly quiet: boolean;
}

/**
 * How many images had to be built.
 * @throws MvmError MVM_TYPE_UNKNOWN, MVM_IMAGE_BUILD_FAILED
 */
export async function ensureImages(context: CliContext, { config, types, quiet }: WantedImages): Promise<number> {
  const names = new Set(types.map(({ role, profile }) => resolveType(config.microvms, role, profile).profile));
  const profiles = [...names].flatMap((name) => {
    const profile = config.microvms.profiles[name];
    return profile === undefined ? [] : [{ name, profile }];
  });
  const images = await buildWithProgress(context, hostImageTools(config), { profiles, quiet });
  return images.filter(({ cached }) => !cached).length;
}
