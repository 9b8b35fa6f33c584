/** The Firecracker driver on real VMs under the real jailer, held to the suite of all drivers. */
import { firecrackerOptions, vmmConformance } from "@mvm/testing";
import { createFirecrackerDriver } from "./firecracker-driver.ts";

await vmmConformance({
  name: "firecracker",
  needs: ["firecracker", "device-mapper"],
  dataDrive: "block-device",
  open: (fixture) => createFirecrackerDriver(firecrackerOptions(fixture)),
});
