/** Instances as the operator API shows them, for tests of what is said about them. */
import { InstanceStatus, InstanceView } from "@mvm/core";
import { TEST_NODE, TEST_TIME } from "./desired-rows.ts";

/** A status of `acme-gw-0`: running and ready, unless changed. */
export function instanceStatus(change: Partial<InstanceStatus> = {}): InstanceStatus {
  return {
    ...InstanceStatus.parse({
      instance_id: "acme-gw-0",
      tenant_id: "acme",
      role: "gateway",
      profile: "minimal",
      type_hash: "hash-of-gateway-minimal",
      revision: "0123456789abcdef",
      state: "running",
      entered_at: TEST_TIME,
      ipv4: "10.64.1.10",
      ingress_port: 18800,
      uid: 200_000,
      pid: 4711,
      config_version: 1,
      secrets_epoch: 1,
      config_hash: "c".repeat(64),
      volume_generation: 1,
      data_mib: 64,
      boot: { attempts: 1, hung_boots: 0, hello_ms: 4200, ready_ms: 9100 },
      condition: null,
      refusal: null,
      waiting_for: null,
      guest: {
        agent_version: "0.0.0",
        ready: true,
        reason: "ready",
        failure: null,
        data_drive: "mounted",
        connectors: [],
        reported_at: TEST_TIME,
      },
    }),
    ...change,
  };
}

/** The instance `acme-gw-0`, as its node reported it, unless changed. */
export function instanceView(change: Partial<InstanceView> = {}): InstanceView {
  return {
    ...InstanceView.parse({
      instance_id: "acme-gw-0",
      tenant_id: "acme",
      pool_id: "gw",
      number: 0,
      node: TEST_NODE,
      role: "gateway",
      profile: "minimal",
      type_hash: "hash-of-gateway-minimal",
      revision: "0123456789abcdef",
      resources: { vcpus: 1, mem_mib: 256, data_mib: 64 },
      ipv4: "10.64.1.10",
      mac: "02:00:0a:40:01:0a",
      tap: "tap10",
      volume_uuid: "0b5c5b3e-8c4f-4a57-9d0e-3f5d2c1b0a99",
      ingress_port: 18800,
      wanted: "running",
      hold: null,
      goal: "running",
      generation: 3,
      observed: true,
      status: instanceStatus(),
      reported_at: TEST_TIME,
    }),
    ...change,
  };
}
