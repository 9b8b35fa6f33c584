/** OpenClaw in production mode: a gateway and its worker under Firecracker, up to a turn whose tool runs on the worker. */
import { openClawAcceptance } from "./openclaw/openclaw-acceptance.ts";
import { turnCases } from "./openclaw/turn-cases.ts";

await openClawAcceptance({
  mode: "production",
  needs: ["device-mapper", "firecracker", "built-openclaw"],
  cases: turnCases,
  readyTimeout: "5400s",
  timeoutMs: 3 * 60 * 60_000,
});
