/**
 * OpenClaw for real: one tenant's gateway and worker in VMs, booted once for all tests here, a stand-in
 * model service outside, and another tenant's VM that must reach neither. One suite, run in either mode
 * by a test file of its own.
 */
import { after, before, describe, test } from "node:test";
import { type Need, requires } from "../../requirements.ts";
import {
  type OpenClawBench,
  type OpenClawBenchOptions,
  type OpenClawCase,
  openOpenClawBench,
} from "./openclaw-bench.ts";

export interface OpenClawAcceptance extends OpenClawBenchOptions {
  /** What the mode needs of a machine, beyond root, namespaces and an image. */
  readonly needs: readonly Need[];
  readonly cases: readonly OpenClawCase[];
  readonly timeoutMs: number;
}

/** Registers the suite's tests; skipped, with the reason, where the machine lacks something. */
export async function openClawAcceptance(options: OpenClawAcceptance): Promise<void> {
  const { mode, needs, cases, timeoutMs: timeout } = options;
  const skip = await requires("root", "network", "volumes", "images", ...needs);
  void describe(`an OpenClaw gateway with its worker in mode ${mode}`, { skip, timeout }, () => {
    let bench: OpenClawBench;
    before(async () => {
      bench = await openOpenClawBench(options);
    });
    after(() => bench.close());
    for (const [what, body] of cases) void test(what, (context) => body(bench, context));
  });
}
