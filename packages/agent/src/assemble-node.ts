/**
 * Puts the parts of a node agent together over its ports. No behaviour of its own: who needs whom is
 * all that is said here.
 */
import { keyedTurns, type TenantId } from "@mvm/core";
import type { VmHandle } from "@mvm/runtime";
import type { WakeUp } from "./execute/wake-up.ts";
import { createAuditNotes, type AuditNotes } from "./execute/audit-notes.ts";
import { createTroubles, type Troubles } from "./execute/troubles.ts";
import { createWorkers, type Workers } from "./execute/workers.ts";
import { createBootGuests } from "./guests/boot-guests.ts";
import { createGuestChannels, type GuestChannels } from "./guests/guest-channels.ts";
import { createGuestLinks, type GuestLinks } from "./guests/guest-links.ts";
import { createIngress, type Ingress, type OpenForwarder } from "./ingress/ingress.ts";
import type { InstanceRecord } from "./journal/instance-record.ts";
import { createLifecycle, type Lifecycle } from "./lifecycle/lifecycle.ts";
import { createNetworkUpkeep, type NetworkUpkeep } from "./lifecycle/network-upkeep.ts";
import type { LifecyclePorts } from "./lifecycle/ports.ts";
import { createVmAccess, type VmAccess } from "./lifecycle/vm-access.ts";
import { createVmWatches, type VmWatches } from "./lifecycle/vm-watches.ts";
import { createIntroductions, type Introductions } from "./pairing/introductions.ts";
import type { AgentSettings } from "./settings.ts";

/** What the agent needs of the outside. */
export interface NodeAgentPorts extends Omit<LifecyclePorts, "guests" | "ingress"> {
  readonly openForwarder: OpenForwarder;
}

export interface NodeParts {
  readonly settings: AgentSettings;
  readonly ports: NodeAgentPorts;
  readonly vms: VmAccess;
  readonly watches: VmWatches;
  readonly channels: GuestChannels;
  readonly links: GuestLinks;
  readonly ingress: Ingress;
  readonly upkeep: NetworkUpkeep;
  readonly lifecycle: Lifecycle;
  readonly workers: Workers;
  readonly troubles: Troubles;
  readonly audit: AuditNotes;
  readonly introductions: Introductions;
}

/** An instance that runs, with its VM. */
export interface RunningInstance {
  readonly record: InstanceRecord;
  readonly vm: VmHandle;
}

/** @param bell rung by every part that changed something */
export function assembleNode(
  settings: AgentSettings,
  ports: NodeAgentPorts,
  options: { readonly bell: WakeUp; readonly agentVersion: string },
): NodeParts {
  const { journal, clock, random, log } = ports;
  const changed = (): void => options.bell.ring();
  const troubles = createTroubles({ clock, random, log });
  const audit = createAuditNotes({ journal, clock, log, node: settings.node });
  const turns = keyedTurns<TenantId>();
  const vms = createVmAccess(ports);
  const channels = createGuestChannels({ vms, clock, random });
  const guests = createBootGuests({ channels, clock, version: options.agentVersion });
  const ingress = createIngress({ open: ports.openForwarder, log });
  const upkeep = createNetworkUpkeep({ networks: ports.networks, journal, turns, clock, random, log, changed });
  const lifecycle = createLifecycle({
    settings,
    turns,
    ports: { ...ports, networks: upkeep.networks, guests, ingress },
  });
  return {
    settings,
    ports,
    vms,
    channels,
    ingress,
    upkeep,
    lifecycle,
    watches: createVmWatches({ vms, clock, changed }),
    links: createGuestLinks({ channels, clock, log, changed }),
    workers: createWorkers({ lifecycle, journal, troubles, audit, log, changed }),
    troubles,
    audit,
    introductions: createIntroductions({ channels, clock, random, log }),
  };
}

/** The instances that run, by the journal. */
export function runningInstances({ ports: { journal } }: Pick<NodeParts, "ports">): readonly RunningInstance[] {
  return journal
    .records()
    .flatMap((record) => (record.state === "running" && record.vm !== null ? [{ record, vm: record.vm }] : []));
}
