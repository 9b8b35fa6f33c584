/**
 * Keeps the networks of running instances as the spec has them: applies a tenant's rules anew when
 * the spec changed and after a restart of the agent. Remembers what was applied last and what failed,
 * whoever did it.
 */
import {
  isoTime,
  type Clock,
  type KeyedTurns,
  type Logger,
  type Random,
  type TenantId,
  type TenantNetworkSpec,
} from "@mvm/core";
import type { TenantNetworks } from "@mvm/runtime";
import type { Journal } from "../journal/journal.ts";
import { networkHash } from "../plan/network-actions.ts";
import type { ObservedNetwork } from "../plan/plan.ts";
import { troubleOf, type Trouble } from "../plan/trouble.ts";
import { attachedPorts } from "./steps/network.ts";

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
  readonly turns: KeyedTurns<TenantId>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Called after each apply. */
  readonly changed: () => void;
}

export function createNetworkUpkeep({
  networks: host,
  journal,
  turns,
  clock,
  random,
  log,
  changed,
}: NetworkUpkeepParts): NetworkUpkeep {
  /** By namespace, because that is what a network is called where it is applied. */
  const applied = new Map<string, string>();
  const failures = new Map<string, Trouble>();
  const busy = new Set<TenantId>();

  const networks: TenantNetworks = {
    ...host,
    async ensureNetwork(network, ports) {
      await host.ensureNetwork(network, ports);
      applied.set(network.namespace, networkHash(network));
      failures.delete(network.namespace);
    },
    async removeNetwork(network) {
      await host.removeNetwork(network);
      applied.delete(network.namespace);
      failures.delete(network.namespace);
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
        log.info("network.applied", { tenant });
      } catch (error) {
        const before = failures.get(network.namespace) ?? null;
        const jitter = random.bytes(1).readUInt8() / 256;
        const trouble = troubleOf(error, { before, nowMs: clock.nowMs(), jitter });
        failures.set(network.namespace, trouble);
        const { code, message, retryAtMs } = trouble;
        log.error("network.apply.failed", { tenant, code, error: message, retry_at: isoTime(retryAtMs) });
      } finally {
        busy.delete(tenant);
        changed();
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
              failed: failures.get(namespace) ?? null,
            },
          ];
        }),
      );
    },
  };
}
