/** A cold OpenClaw gateway until it is ready, as the quickstart's first start is. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { operatorRoutes, unixClient } from "@mvm/core";
import type { Figure } from "./figure.ts";
import { createWorld } from "./world.ts";

const FLEET = `schema_version = 1
[[tenants]]
tenant_id = "bench"
[[tenants.pools]]
pool_id = "gw"
role = "gateway"
profile = "openclaw-gateway"
desired_counts = { running = 1 }
`;

export const gatewayStart: Figure = {
  name: "gateway-start",
  summary: "a cold OpenClaw gateway until /readyz",
  needs: ["root"],
  async measure(say) {
    const world = createWorld();
    try {
      say("building the image, or finding it built");
      await world.mvm("image", "build", "gateway", "openclaw-gateway", "--quiet");
      await world.start();
      writeFileSync(join(world.dir, "fleet.toml"), FLEET);
      say("starting the gateway: minutes, emulated");
      await world.mvm("fleet", "apply", join(world.dir, "fleet.toml"), "--quiet", "--timeout", "30m");
      const { instances } = await unixClient(world.coordinatorSocket).call(operatorRoutes.listInstances);
      const boot = instances[0]?.status?.boot;
      const readyMs = boot?.ready_ms ?? null;
      if (readyMs === null) throw new Error("the gateway's boot has no time");
      const note = `answered after ${((boot?.hello_ms ?? 0) / 1000).toFixed(1)} s, attempt ${boot?.attempts}, ${boot?.hung_boots} hung boots`;
      return [{ figure: "gateway, cold to ready", value: readyMs / 1000, unit: "s", against: null, limit: null, note }];
    } finally {
      await world.close();
    }
  },
};
