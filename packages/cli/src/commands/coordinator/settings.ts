/** What the coordinator is told of the configuration. Pure. */
import type { LoadedConfig } from "@mvm/core";
import type { CoordinatorSettings } from "@mvm/coordinator";

export function coordinatorSettings({ config, meaningHash }: LoadedConfig): CoordinatorSettings {
  const { node, network, coordinator } = config;
  return {
    node: node.name,
    stateDir: node.state_dir,
    keysDir: node.keys_dir,
    socketPath: coordinator.socket,
    network: {
      namePrefix: network.name_prefix,
      clusterCidr: network.cluster_cidr,
      tenantPrefixLength: network.tenant_prefix_length,
      uplinkCidr: network.uplink_cidr,
    },
    ingressPorts: config.ingress.ports,
    acceptedImages: config.images.accept,
    holdSeconds: coordinator.hold_seconds,
    microvms: config.microvms,
    configHash: meaningHash,
  };
}
