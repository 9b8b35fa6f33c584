/** The whole quickstart from nothing (its images included) and once more, then removed again. */
import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Figure } from "./figure.ts";
import { mvm } from "./measure.ts";
import { createWorld } from "./world.ts";

export const quickstart: Figure = {
  name: "quickstart",
  summary: "mvm quickstart from nothing, and again",
  needs: ["root"],
  async measure(say) {
    const dir = mkdtempSync(join(tmpdir(), "mvm-bench-qs-"));
    const world = createWorld({ imagesDir: join(dir, "images"), parallelStarts: 2 });
    // A config that the quickstart did not write counts as edited: it is kept, with its own places.
    copyFileSync(world.config, join(dir, "mvm.toml"));
    const timed = async (): Promise<number> => {
      const startedAt = performance.now();
      await mvm(["quickstart", "--dir", dir, "--quiet", "--timeout", "2h"]);
      return (performance.now() - startedAt) / 1000;
    };
    try {
      say("from nothing: images are built, OpenClaw starts");
      const first = await timed();
      say("again");
      const again = await timed();
      return [
        { figure: "quickstart, from nothing", value: first, unit: "s", against: null, limit: null },
        { figure: "quickstart, again", value: again, unit: "s", against: null, limit: { kind: "value", most: 10 } },
      ];
    } finally {
      if (existsSync(join(world.dir, "state", "quickstart.json")))
        await mvm(["quickstart", "--down", "--purge", "--dir", dir, "--quiet"]);
      for (const path of [dir, world.dir]) rmSync(path, { recursive: true, force: true });
    }
  },
};
