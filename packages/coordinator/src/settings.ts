/**
 * What the coordinator is told: plain values out of the configuration, nothing else of it. Made by
 * the program's composition root; tests make their own.
 */
import type { MicrovmsTables, NodeId } from "@mvm/core";

export interface NetworkSettings {
  /** Beginning of every namespace and link name that the host sees. */
  readonly namePrefix: string;
  /** Where tenants' subnets come from. */
  readonly clusterCidr: string;
  readonly tenantPrefixLength: number;
  /** Where the /30 links between host and namespaces come from. */
  readonly uplinkCidr: string;
}

export interface CoordinatorSettings {
  /** The node that this coordinator places instances on. */
  readonly node: NodeId;
  /** Directory of coordinator.db. */
  readonly stateDir: string;
  /** Directory of the key store. */
  readonly keysDir: string;
  readonly socketPath: string;
  readonly network: NetworkSettings;
  /** Loopback ports for instances whose type exposes ingress. */
  readonly ingressPorts: readonly [first: number, last: number];
  readonly acceptedImages: readonly ("nix" | "debian")[];
  /** How long a manual start or stop holds off reconcile, seconds. */
  readonly holdSeconds: number;
  /** The declared roles and profiles. */
  readonly microvms: MicrovmsTables;
  /** Effective-meaning hash of the configuration. */
  readonly configHash: string;
}
