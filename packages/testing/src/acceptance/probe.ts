/**
 * Runs commands inside a VM of the tests' `probe` profile, through its ingress port on loopback:
 * the attacker and the witness of the acceptance tests.
 */
import * as z from "zod";

const RunAnswer = z.object({ code: z.union([z.number(), z.string()]), stdout: z.string(), stderr: z.string() });
export type RunAnswer = z.infer<typeof RunAnswer>;

/** @param timeoutMs deadline in the guest; the call itself gets 20 s more */
export async function runInGuest(ingressPort: number, argv: readonly string[], timeoutMs = 20_000): Promise<RunAnswer> {
  const response = await fetch(`http://127.0.0.1:${ingressPort}/run`, {
    method: "POST",
    body: JSON.stringify({ argv, timeout_ms: timeoutMs }),
    signal: AbortSignal.timeout(timeoutMs + 20_000),
  });
  return RunAnswer.parse(await response.json());
}

/** A shell line in the guest, which is the tests' own. */
export const shellInGuest = (ingressPort: number, line: string, timeoutMs?: number): Promise<RunAnswer> =>
  runInGuest(ingressPort, ["/bin/sh", "-c", line], timeoutMs);
