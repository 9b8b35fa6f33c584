/** `mvm --version` of the bundle against a bare Node: what every command costs before it does anything. */
import type { Figure } from "./figure.ts";
import { BUNDLE, median, timedNode } from "./measure.ts";

const RUNS = 15;

export const cliStart: Figure = {
  name: "cli-start",
  summary: "mvm --version over node -e 0",
  needs: [],
  async measure(say) {
    say(`${RUNS} runs of each, in turns`);
    const runs = Array.from({ length: RUNS }, () => ({
      bare: timedNode(["-e", "0"]),
      version: timedNode([BUNDLE, "--version"]),
    }));
    const [bare, version] = [median(runs.map((run) => run.bare)), median(runs.map((run) => run.version))];
    return [
      {
        figure: "mvm --version",
        value: version,
        unit: "ms",
        against: { what: "node -e 0", value: bare },
        limit: { kind: "ratio", most: 2 },
      },
    ];
  },
};
