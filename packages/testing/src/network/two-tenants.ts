/**
 * Two tenants, the host and an outside, with a raw guest at every end: the place where network
 * isolation is attacked. Tenant A has two guests and an egress list, tenant B one guest and no
 * egress. Real namespaces, taps and rules, made by the `TenantNetworks` under test.
 *
 * Every name on the host begins with `mvmt`; `close` removes all of it, whatever went wrong.
 */
import { type CommandRunner, InstanceId, type TenantNetworkSpec, type Uplink } from "@mvm/core";
import type { GuestPort, TenantNetworks } from "@mvm/runtime";

import { RawGuest, type RawGuestOptions } from "./raw-guest.ts";

export const TEST_NAME_PREFIX = "mvmtn";
/** The port of tenant guests that the host may reach. */
export const INGRESS_PORT = 18_789;
/** The outside: its range, the host's address in it and two of its own. */
export const OUTSIDE_RANGE = "198.18.113.0/24";
export const HOST_OUTSIDE_IP = "198.18.113.1";
export const OUTSIDE_IPS = ["198.18.113.2", "198.18.113.3"] as const;
/** What tenant A may reach outside: this address and port, and DNS over UDP there. */
export const ALLOWED = { ip: OUTSIDE_IPS[0], tcpPort: 443, udpPort: 53 } as const;

/** The host's interface towards the outside. */
export const OUTSIDE_TAP = "mvmtl0";
const FIRST_OWNER_UID = 200_000;
const COMMAND_TIMEOUT_MS = 10_000;

/** A network that has an uplink. */
export type UplinkedNetwork = TenantNetworkSpec & { readonly uplink: Uplink };

/** The spec of tenant `number`'s network: 10.213.N.0/24, uplink 100.127.213.4N/30. */
export function testNetwork(number: number, egress: TenantNetworkSpec["egress"]): UplinkedNetwork {
  return {
    tenant_net_id: number,
    ipv4_subnet: `10.213.${number}.0/24`,
    bridge_ipv4: `10.213.${number}.1`,
    namespace: `${TEST_NAME_PREFIX}-${number}`,
    uplink: {
      host_interface: `${TEST_NAME_PREFIX}u${number}`,
      namespace_interface: "uplink",
      host_ipv4: `100.127.213.${number * 4 + 1}`,
      namespace_ipv4: `100.127.213.${number * 4 + 2}`,
    },
    egress,
  };
}

/** The port of the guest in `slot` of tenant `number`. */
export function testPort(number: number, slot: number, ingressPorts: readonly number[]): GuestPort {
  const byte = (value: number): string => value.toString(16).padStart(2, "0");
  return {
    instance: {
      instance_id: InstanceId.parse(`t${number}-gw-${slot}`),
      ipv4: `10.213.${number}.${slot}`,
      mac: `02:00:00:00:${byte(number)}:${byte(slot)}`,
      tap: `tap${slot}`,
    },
    ownerUid: FIRST_OWNER_UID + number * 256 + slot,
    ingressPorts,
  };
}

export interface TestTenant {
  readonly network: UplinkedNetwork;
  readonly ports: readonly GuestPort[];
}

export const TENANT_A: TestTenant = {
  network: testNetwork(1, {
    policy: "allow-list",
    allow: [
      { cidr: ALLOWED.ip, port: ALLOWED.tcpPort, protocol: "tcp" },
      { cidr: ALLOWED.ip, port: ALLOWED.udpPort, protocol: "udp" },
      // Lists that reach too far: over the host's own address, the other tenant, the metadata service.
      { cidr: OUTSIDE_RANGE, port: 8443, protocol: "tcp" },
      { cidr: "10.213.2.0/24", port: INGRESS_PORT, protocol: "tcp" },
      { cidr: "169.254.169.254", port: 80, protocol: "tcp" },
    ],
  }),
  ports: [testPort(1, 10, [INGRESS_PORT]), testPort(1, 11, [])],
};

export const TENANT_B: TestTenant = {
  network: testNetwork(2, { policy: "deny" }),
  ports: [testPort(2, 10, [INGRESS_PORT])],
};

export interface TwoTenants {
  readonly a1: RawGuest;
  readonly a2: RawGuest;
  readonly b1: RawGuest;
  readonly outside: RawGuest;
  close(): Promise<void>;
}

export interface TwoTenantsPorts {
  readonly networks: TenantNetworks;
  readonly commands: CommandRunner;
}

/** Builds all of it, after removing what an interrupted run left. */
export async function openTwoTenants({ networks, commands }: TwoTenantsPorts): Promise<TwoTenants> {
  const guests: RawGuest[] = [];
  const ip = (...args: string[]): Promise<unknown> =>
    commands.run({ argv: ["ip", ...args], timeoutMs: COMMAND_TIMEOUT_MS });
  const close = async (): Promise<void> => {
    for (const guest of guests) await guest.close();
    for (const { network } of [TENANT_A, TENANT_B]) await networks.removeNetwork(network);
    await commands.run({
      argv: ["ip", "link", "delete", "dev", OUTSIDE_TAP],
      timeoutMs: COMMAND_TIMEOUT_MS,
      okCodes: [0, 1],
    });
  };
  const attach = async (options: RawGuestOptions): Promise<RawGuest> => {
    const guest = await RawGuest.open(options);
    guests.push(guest);
    return guest;
  };

  try {
    await close();
    await ip("tuntap", "add", "dev", OUTSIDE_TAP, "mode", "tap");
    await ip("address", "add", `${HOST_OUTSIDE_IP}/24`, "dev", OUTSIDE_TAP);
    await ip("link", "set", "dev", OUTSIDE_TAP, "up");
    const outside = await attach({
      namespace: null,
      tap: OUTSIDE_TAP,
      mac: "02:00:00:00:ff:01",
      ips: OUTSIDE_IPS,
      gatewayIp: HOST_OUTSIDE_IP,
    });
    // B first: A's list names B's addresses, which then lead to B's uplink and not to the machine's default route.
    for (const { network, ports } of [TENANT_B, TENANT_A]) {
      await networks.ensureNetwork(network, ports);
      for (const port of ports) await networks.ensureTap(network, port);
    }
    const guestOf = ({ network }: TestTenant, port: GuestPort | undefined): Promise<RawGuest> => {
      if (port === undefined) throw new Error("the tenant has no such port");
      const { tap, mac, ipv4 } = port.instance;
      return attach({ namespace: network.namespace, tap, mac, ips: [ipv4], gatewayIp: network.bridge_ipv4 });
    };
    return {
      a1: await guestOf(TENANT_A, TENANT_A.ports[0]),
      a2: await guestOf(TENANT_A, TENANT_A.ports[1]),
      b1: await guestOf(TENANT_B, TENANT_B.ports[0]),
      outside,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
