/**
 * The images of the quickstart's fleet: built when their inputs are new, found otherwise; and
 * removed again, as far as the quickstart built them.
 */
import type { EffectiveConfig } from "@mvm/core";
import { resolveType } from "@mvm/core";
import type { CliContext } from "../../context.ts";
import { hostImageTools } from "../../host/image-host.ts";
import { buildWithProgress } from "../image/build-with-progress.ts";
import { addBuilt, forgetBuilt, readBuilt } from "./built-images.ts";

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
  const tools = hostImageTools(config);
  const recorded: typeof tools = {
    ...tools,
    async build(request) {
      const image = await tools.build(request);
      if (!image.cached) await addBuilt(context.files, config.images.dir, image.manifest.revision);
      return image;
    },
  };
  const images = await buildWithProgress(context, recorded, { profiles, quiet });
  return images.filter(({ cached }) => !cached).length;
}

/** Removes the images that the quickstart built and no other; how many. */
export async function removeImages(context: CliContext, { images }: Pick<EffectiveConfig, "images">): Promise<number> {
  const { files, signal } = context;
  const revisions = await readBuilt(files, images.dir);
  if (revisions.length === 0) return 0;
  const removed = await hostImageTools({ images }).purge(revisions, signal);
  await forgetBuilt(files, images.dir);
  return removed;
}
