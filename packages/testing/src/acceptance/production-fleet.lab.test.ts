/** The acceptance of a fleet in production mode: Firecracker under its jailer, dm-crypt, control groups. */
import { fleetAcceptance } from "./fleet/fleet-acceptance.ts";

await fleetAcceptance({
  mode: "production",
  needs: ["device-mapper", "firecracker"],
  kindsOfTraces: ["cgroup", "link", "loop", "mapping", "mount", "namespace", "nft", "path", "process"],
  timeoutMs: 60 * 60_000,
});
