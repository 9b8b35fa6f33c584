/** The acceptance of a fleet in development mode: QEMU, whatever this machine is. */
import { fleetAcceptance } from "./fleet/fleet-acceptance.ts";

await fleetAcceptance({
  mode: "development",
  needs: ["qemu"],
  kindsOfTraces: ["link", "mount", "namespace", "nft", "path", "process"],
  timeoutMs: 20 * 60_000,
});
