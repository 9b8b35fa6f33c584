/**
 * The acceptance of OpenClaw in development mode. Slow (a gateway takes minutes to start without KVM), so
 * everything that needs OpenClaw is in its one boot.
 */
import { openClawAcceptance } from "./openclaw/openclaw-acceptance.ts";
import { tenantCases } from "./openclaw/tenant-cases.ts";
import { turnCases } from "./openclaw/turn-cases.ts";

await openClawAcceptance({
  mode: "development",
  needs: ["qemu"],
  cases: [...turnCases, ...tenantCases],
  readyTimeout: "1500s",
  timeoutMs: 50 * 60_000,
});
