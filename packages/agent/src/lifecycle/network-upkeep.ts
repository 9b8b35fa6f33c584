/**
 * Keeps the networks of running instances as the spec has them: applies a tenant's rules anew when
 * the spec changed and after a restart of the agent. Remembers what was applied last, whoever did it.
 */
import {
  isoTime,
  messageOf,
  type Clock,
  type Logger,
  type Random,
  type TenantId,
  type TenantNetworkSpec,
} from "@mvm/core";
import type { TenantNetworks } from "@mvm/runtime";
import type { Journal } from "../journal/journal.ts";
import { retryDelayMs } from "../plan/backoff.ts";
import { networkHash } from "../plan/network-actions.ts";
import type { ObservedNetwork } from "../plan/plan.ts";
import { attachedPorts } from "./steps/network.ts";
import type { TenantTurns } from "./tenant-turns.ts";

export interface NetworkUpkeep {
  /** Applies the tenant's rules; a failure is kept for `observed` and tried again later. */
  apply(tenant: TenantId, network: TenantNetworkSpec): Promise<void>;
  observed(): ReadonlyMap<TenantId, ObservedNetwork>;
  /** The same networks, but what is applied through them is remembered here. Lifecycle's steps use these. */
  readonly networks: TenantNetworks;
}

export interface NetworkUpkeepParts {
  readonly networks: TenantNetworks;
  readonly journal: Journal;
  readonly turns: TenantTurns;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

export function createNetworkUpkeep({
  networks: host,
  journal,
  turns,
  clock,
  random,
  log,
}: NetworkUpkeepParts): NetworkUpkeep {
  /** By namespace, because that is what a network is called where it is applied. */
  const applied = new Map<string, string>();
  const failures = new Map<TenantId, { message: string; attempts: number; retryAtMs: number }>();
  const busy = new Set<TenantId>();

  const networks: TenantNetworks = {
    ...host,
    async ensureNetwork(network, ports) {
      await host.ensureNetwork(network, ports);
      applied.set(network.namespace, networkHash(network));
    },
    async removeNetwork(network) {
      await host.removeNetwork(network);
      applied.delete(network.namespace);
    },
  };

  return {
    networks,
    async apply(tenant, network) {
      busy.add(tenant);
      try {
        await turns.take(tenant, async () => {
          const ports = attachedPorts(journal.records(), tenant);
          // The last instance may have gone while this waited for its turn, and its network with it.
          if (ports.length > 0) await networks.ensureNetwork(network, ports);
        });
        failures.delete(tenant);
        log.info("network.applied", { tenant });
      } catch (error) {
        const attempts = (failures.get(tenant)?.attempts ?? 0) + 1;
        const retryAtMs = clock.nowMs() + retryDelayMs(attempts, random.bytes(1).readUInt8() / 256);
        failures.set(tenant, { message: messageOf(error), attempts, retryAtMs });
        log.error("network.apply.failed", { tenant, error: messageOf(error), retry_at: isoTime(retryAtMs) });
      } finally {
        busy.delete(tenant);
      }
    },
    observed() {
      const known = new Map(
        journal.records().map(({ tenant_id, attachment }) => [tenant_id, attachment.network.namespace]),
      );
      return new Map(
        [...known].map(([tenant, namespace]): [TenantId, ObservedNetwork] => {
          return [
            tenant,
            {
              appliedHash: applied.get(namespace) ?? null,
              busy: busy.has(tenant),
              failed: failures.get(tenant) ?? null,
            },
          ];
        }),
      );
    },
  };
}
