/**
 * The instance's place in its tenant's network: rules first, then the tap; and the way out.
 *
 * The rules are rendered whole from every instance of the tenant that is attached, so each piece of
 * work takes the tenant's turn. The network goes with the last instance.
 */
import type { TenantId, TenantNetworkSpec } from "@mvm/core";
import type { GuestPort } from "@mvm/runtime";
import type { InstanceRecord } from "../../journal/instance-record.ts";
import type { Journal } from "../../journal/journal.ts";
import { oneWay, type Step, type StepContext } from "../step.ts";

export const attachNetwork: Step = {
  name: "attach-network",
  do: attach,
  undo: detach,
  // Nobody can be asked; a VM without its tap fails to launch and the start goes back.
  isDone: () => Promise.resolve(true),
};

export const detachNetwork = oneWay("detach-network", detach);

function attach({ ledger, ports, turns }: StepContext): Promise<void> {
  const record = ledger.record();
  return turns.take(record.tenant_id, async () => {
    // Durable first: whoever renders the rules from here on must know of this instance.
    ledger.note({ attached: true });
    ledger.save();
    const network = networkOf(record, ports.journal);
    await ports.networks.ensureNetwork(network, attachedPorts(ports.journal.records(), record.tenant_id));
    await ports.networks.ensureTap(network, portOf(record));
  });
}

function detach({ id, ledger, ports, turns }: StepContext): Promise<void> {
  const record = ledger.record();
  return turns.take(record.tenant_id, async () => {
    const network = networkOf(record, ports.journal);
    await ports.networks.removeTap(network, record.attachment.tap);
    const others = attachedPorts(ports.journal.records(), record.tenant_id).filter(
      ({ instance }) => instance.instance_id !== id,
    );
    if (others.length > 0) await ports.networks.ensureNetwork(network, others);
    else await ports.networks.removeNetwork(network);
    // Within the turn: whoever comes next must not render this instance's place anew.
    ledger.note({ attached: false });
    ledger.save();
  });
}

/** The tenant's network as the newest spec has it; as the instance knew it when the spec has it no more. */
function networkOf({ tenant_id, attachment }: InstanceRecord, journal: Journal): TenantNetworkSpec {
  return journal.spec()?.tenants.find((tenant) => tenant.tenant_id === tenant_id)?.network ?? attachment.network;
}

/** The ports of a tenant's instances that have a place in its network. */
export function attachedPorts(records: readonly InstanceRecord[], tenant: TenantId): readonly GuestPort[] {
  return records.filter((record) => record.tenant_id === tenant && record.attached).map(portOf);
}

function portOf({ instance_id, attachment, uid }: InstanceRecord): GuestPort {
  const { ipv4, mac, tap, guest_ports } = attachment;
  return { instance: { instance_id, ipv4, mac, tap }, ownerUid: uid ?? 0, ingressPorts: guest_ports };
}
