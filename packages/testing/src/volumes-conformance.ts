/**
 * What every adapter of the volumes port must do: one suite, run by each adapter's own test and by the fake's.
 * The cases lie in volumes-conformance/.
 */
import { test } from "node:test";
import type { VolumesUnderTest } from "./volumes-conformance/bench.ts";
import { lifeCases } from "./volumes-conformance/life-cases.ts";
import { refusalCases } from "./volumes-conformance/refusal-cases.ts";

export interface VolumesSuite {
  readonly name: string;
  /** Why the machine can't run it. */
  readonly skip?: string | false;
  /** For each case anew. */
  readonly open: () => Promise<VolumesUnderTest>;
}

/** Registers the suite's tests. */
export function volumesConformance({ name, skip = false, open }: VolumesSuite): void {
  for (const [what, body] of [...lifeCases, ...refusalCases]) {
    void test(`${name}: a volume ${what}`, { skip }, async () => {
      const under = await open();
      try {
        await body(under);
      } finally {
        await under.cleanUp();
      }
    });
  }
}
