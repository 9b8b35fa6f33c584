/** Building an image from nothing, and again from the same inputs. */
import { join } from "node:path";
import type { Figure } from "./figure.ts";
import { createWorld } from "./world.ts";

export const imageBuild: Figure = {
  name: "image-build",
  summary: "mvm image build worker minimal, cold and cached",
  needs: ["root"],
  async measure(say) {
    const world = createWorld();
    const cold = createWorld({ imagesDir: join(world.dir, "images") });
    try {
      const timed = async (): Promise<number> => {
        const startedAt = performance.now();
        await cold.mvm("image", "build", "worker", "minimal", "--quiet");
        return performance.now() - startedAt;
      };
      say("from nothing: packages are downloaded");
      const first = await timed();
      say("again");
      const again = await timed();
      return [
        { figure: "image build, from nothing", value: first / 1000, unit: "s", against: null, limit: null },
        {
          figure: "image build, same inputs",
          value: again / 1000,
          unit: "s",
          against: null,
          limit: { kind: "value", most: 5 },
        },
      ];
    } finally {
      for (const one of [cold, world]) await one.close().catch(() => undefined);
    }
  },
};
