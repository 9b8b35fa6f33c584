/** Tenant networks of the fake machine: namespaces with rules and taps, and what must never be done to them. */
import { MvmError } from "@mvm/core";
import type { TenantNetworks } from "@mvm/runtime";
import type { FakeMachine } from "./fake-machine.ts";

export function fakeNetworks(machine: FakeMachine): TenantNetworks {
  const { namespaces } = machine;
  const vmsIn = (namespace: string, tap?: string): readonly string[] =>
    [...machine.vms.values()]
      .filter(({ handle, tap: used }) => handle.networkNamespace === namespace && (tap === undefined || used === tap))
      .map(({ handle }) => handle.id);

  return {
    async ensureNetwork({ namespace }, ports) {
      if (machine.refusedNamespaces.has(namespace))
        throw new MvmError("MVM_NET_APPLY_FAILED", { message: `the kernel refuses the rules of ${namespace}` });
      const known = namespaces.get(namespace) ?? { ports: [], taps: new Map<string, number>() };
      const named = new Set<string>(ports.map(({ instance }) => instance.instance_id));
      for (const id of vmsIn(namespace))
        if (!named.has(id)) machine.violated(`the rules of ${namespace} lose ${id}, which runs`);
      if (new Set(ports.map(({ instance }) => instance.ipv4)).size !== ports.length)
        machine.violated(`${namespace} has an address twice`);
      if (new Set(ports.map(({ ownerUid }) => ownerUid)).size !== ports.length)
        machine.violated(`${namespace} has a uid twice`);
      namespaces.set(namespace, { ...known, ports });
    },
    async ensureTap({ namespace }, { instance, ownerUid }) {
      const known = namespaces.get(namespace);
      if (known === undefined)
        throw new MvmError("MVM_NET_APPLY_FAILED", { message: `there is no namespace ${namespace}` });
      if (!known.ports.some((port) => port.instance.tap === instance.tap))
        machine.violated(`tap ${instance.tap} is made before its rules`);
      known.taps.set(instance.tap, ownerUid);
    },
    async removeTap({ namespace }, tap) {
      for (const id of vmsIn(namespace, tap)) machine.violated(`tap ${tap} is taken from ${id}, which runs`);
      namespaces.get(namespace)?.taps.delete(tap);
    },
    async removeNetwork({ namespace }) {
      for (const id of vmsIn(namespace)) machine.violated(`${namespace} is removed while ${id} runs in it`);
      if ((namespaces.get(namespace)?.taps.size ?? 0) > 0) machine.violated(`${namespace} is removed with taps in it`);
      namespaces.delete(namespace);
    },
    leftovers: async (prefix) => [...namespaces.keys()].filter((name) => name.startsWith(prefix)),
  };
}
