/** What an agent takes of a processor while many VMs run and nobody wants anything: its own time, from /proc. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Figure } from "./figure.ts";
import { createWorld } from "./world.ts";

const VMS = 20;
/** The least that a minimal VM may have: all of them fit a host with 8 GiB. */
const MEM_MIB = 256;
const DATA_MIB = 64;
const SETTLE_MS = 60_000;
const IDLE_MS = 60_000;
/** Of /proc's clock, on every Linux that this runs on. */
const TICK_MS = 10;

const FLEET = `schema_version = 1
[[tenants]]
tenant_id = "bench"
[[tenants.pools]]
pool_id = "idle"
role = "worker"
profile = "minimal"
resources = { mem_mib = ${MEM_MIB}, data_mib = ${DATA_MIB} }
desired_counts = { running = ${VMS} }
`;

export const idleAgent: Figure = {
  name: "idle-agent",
  summary: `the agent's processor time while ${VMS} Firecracker VMs idle`,
  needs: ["root", "network", "volumes", "device-mapper", "firecracker"],
  async measure(say) {
    const world = createWorld({ mode: "production" });
    try {
      say("building the image, or finding it built");
      await world.mvm("image", "build", "worker", "minimal", "--quiet");
      await world.start();
      writeFileSync(join(world.dir, "fleet.toml"), FLEET);
      say(`starting ${VMS} VMs: minutes, emulated`);
      await world.mvm("fleet", "apply", join(world.dir, "fleet.toml"), "--quiet", "--timeout", "60m");
      say("letting them come to rest");
      await delay(SETTLE_MS);
      const startedAt = performance.now();
      const before = processorTime(world.agentPid());
      await delay(IDLE_MS);
      const after = processorTime(world.agentPid());
      const elapsedMs = performance.now() - startedAt;
      const percent = (ms: number): number => (ms / elapsedMs) * 100;
      return [
        {
          figure: `agent, of one processor, ${VMS} VMs idle`,
          value: percent(after.ownMs - before.ownMs),
          unit: "%",
          against: null,
          limit: null,
          note: `and ${percent(after.commandsMs - before.commandsMs).toFixed(1)} % in commands that it ran`,
        },
      ];
    } finally {
      await world.close();
    }
  },
};

/** Of proc(5): utime and stime, cutime and cstime. */
function processorTime(pid: number): { readonly ownMs: number; readonly commandsMs: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The name before them, in parentheses, may hold anything; the state, third field, comes next.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [utime = 0, stime = 0, cutime = 0, cstime = 0] = fields.slice(11, 15).map(Number);
  return { ownMs: (utime + stime) * TICK_MS, commandsMs: (cutime + cstime) * TICK_MS };
}
