/** Builds images one after the other with live progress: what is being done, since when, which of how many. */
import type { BuiltImage, ImageTools } from "@mvm/agent";
import type { ProfileDeclaration } from "@mvm/core";
import type { CliContext } from "../../context.ts";
import { durationText } from "../../output/age.ts";
import { type BoardRow, openBoard } from "../../output/board.ts";

const REDRAW_MS = 1000;

export interface NamedProfile {
  readonly name: string;
  readonly profile: ProfileDeclaration;
}

export interface Builds {
  readonly profiles: readonly NamedProfile[];
  readonly quiet: boolean;
}

type BuildContext = Pick<CliContext, "stderr" | "clock" | "signal">;

/** The built images, in order. @throws MvmError of the first build that fails */
export async function buildWithProgress(
  context: BuildContext,
  tools: Pick<ImageTools, "build">,
  { profiles, quiet }: Builds,
): Promise<readonly BuiltImage[]> {
  const { clock, signal } = context;
  const startedAt = clock.nowMs();
  const rows = new Map<string, BoardRow>();
  const board = openBoard(context.stderr, { quiet, label: "building" });
  const show = (): void => board.show([...rows.values()], clock.nowMs());
  const finished = new AbortController();
  const redrawn = redraw(context, show, finished.signal);
  try {
    const images: BuiltImage[] = [];
    for (const [index, { name, profile }] of profiles.entries()) {
      const sinceMs = clock.nowMs();
      const set = (what: string, state: BoardRow["state"]): void => {
        rows.set(name, { id: `image of ${name}`, what, sinceMs, state });
        show();
      };
      const onProgress = (step: string, detail: string): void => {
        set(`${step}: ${detail}`, "open");
        // Only a real build keeps the others waiting: an image that is there is found at once.
        for (const { name: later } of profiles.slice(index + 1))
          rows.set(later, { id: `image of ${later}`, what: "waits for its turn", sinceMs: startedAt, state: "open" });
      };
      const image = await tools.build({ profileName: name, profile, signal, onProgress }).catch((error: unknown) => {
        set("could not be built", "failed");
        throw error;
      });
      images.push(image);
      const took = durationText(clock.nowMs() - sinceMs);
      set(
        image.cached ? `${image.manifest.revision} is there` : `${image.manifest.revision} was built in ${took}`,
        "done",
      );
    }
    return images;
  } finally {
    finished.abort();
    await redrawn;
    board.close();
  }
}

/** Keeps the times on the board moving while a long step says nothing. */
async function redraw({ clock }: BuildContext, show: () => void, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    show();
    await clock.sleep(REDRAW_MS, signal).catch(() => undefined);
  }
}
