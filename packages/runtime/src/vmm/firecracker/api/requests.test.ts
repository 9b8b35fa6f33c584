import assert from "node:assert/strict";
import { test } from "node:test";
import { InstanceId } from "@mvm/core";
import type { VmLaunch } from "../../driver.ts";
import { bootRequests, growRequest, loadRequest, saveRequest } from "./requests.ts";

const vm: VmLaunch = {
  id: InstanceId.parse("acme-gw-0"),
  kernelPath: "/images/kernel",
  vmlinuxPath: "/images/vmlinux",
  initrdPath: "/images/initrd",
  kernelArgs: ["mvm.volume=0b7e,0"],
  drives: [
    { name: "rootfs", path: "/images/rootfs", readOnly: true },
    { name: "data", path: "/dev/mapper/mvm-acme-gw-0", readOnly: false },
    { name: "secrets", path: "/run/mvm/secrets/acme-gw-0/secrets.img", readOnly: true },
    { name: "config", path: "/var/lib/mvm/instances/acme-gw-0/config.img", readOnly: true },
  ],
  network: { namespace: "mvm-acme", tap: "tap10", mac: "02:00:00:00:00:01" },
  vcpus: 2,
  memMib: 512,
  uid: 200_007,
  stateDir: "/var/lib/mvm/instances/acme-gw-0",
  runDir: "/run/mvm/vms/acme-gw-0",
  signOfLifeTimeoutMs: 30_000,
};

test("a boot's requests, in the order of the drives and without a path of the host", () => {
  const requests = bootRequests(vm);
  assert.deepEqual(
    requests.map(({ method, path }) => `${method} ${path}`),
    [
      "PUT /machine-config",
      "PUT /boot-source",
      "PUT /drives/rootfs",
      "PUT /drives/data",
      "PUT /drives/secrets",
      "PUT /drives/config",
      "PUT /network-interfaces/eth0",
      "PUT /vsock",
      "PUT /entropy",
    ],
  );
  const bodyOf = (path: string): unknown => requests.find((request) => request.path === path)?.body;
  assert.deepEqual(bodyOf("/machine-config"), {
    vcpu_count: 2,
    mem_size_mib: 512,
    smt: false,
    track_dirty_pages: false,
  });
  assert.deepEqual(bodyOf("/drives/data"), {
    drive_id: "data",
    path_on_host: "/data",
    is_root_device: false,
    is_read_only: false,
    cache_type: "Writeback",
  });
  assert.deepEqual(bodyOf("/drives/secrets"), {
    drive_id: "secrets",
    path_on_host: "/secrets",
    is_root_device: false,
    is_read_only: true,
    cache_type: "Unsafe",
  });
  assert.deepEqual(bodyOf("/network-interfaces/eth0"), {
    iface_id: "eth0",
    host_dev_name: "tap10",
    guest_mac: "02:00:00:00:00:01",
  });
  assert.deepEqual(bodyOf("/vsock"), { guest_cid: 3, uds_path: "/run/guest.sock" });
  assert.deepEqual(bodyOf("/entropy"), { rate_limiter: { bandwidth: { size: 65_536, refill_time: 1_000 } } });
  assert.ok(!JSON.stringify(requests).includes("/var/lib/mvm"));
});

test("the type's limits become rate limiters of every drive and of both directions of the network", () => {
  const limits = { diskBytesPerSecond: 1_000, diskOpsPerSecond: 20, netBytesPerSecond: 300 };
  const requests = bootRequests({ ...vm, limits });
  const disk = { bandwidth: { size: 1_000, refill_time: 1_000 }, ops: { size: 20, refill_time: 1_000 } };
  const net = { bandwidth: { size: 300, refill_time: 1_000 } };
  const drives = requests.filter(({ path }) => path.startsWith("/drives/"));
  assert.equal(drives.length, 4);
  for (const { body } of drives) assert.deepEqual((body as { rate_limiter: unknown }).rate_limiter, disk);
  const eth0 = requests.find(({ path }) => path.startsWith("/network-interfaces/"))?.body as Record<string, unknown>;
  assert.deepEqual([eth0["rx_rate_limiter"], eth0["tx_rate_limiter"]], [net, net]);
});

test("a snapshot is saved whole, and loaded with the new tap and without letting the guest run", () => {
  assert.deepEqual(saveRequest, {
    method: "PUT",
    path: "/snapshot/create",
    body: { snapshot_type: "Full", snapshot_path: "/saved/state", mem_file_path: "/saved/memory" },
  });
  assert.deepEqual(loadRequest({ network: { ...vm.network, tap: "tap12" } }), {
    method: "PUT",
    path: "/snapshot/load",
    body: {
      snapshot_path: "/loaded/state",
      mem_backend: { backend_type: "File", backend_path: "/loaded/memory" },
      track_dirty_pages: false,
      resume_vm: false,
      network_overrides: [{ iface_id: "eth0", host_dev_name: "tap12" }],
    },
  });
});

test("a drive that has grown is opened anew by the path that the jail knows it by, its limits left alone", () => {
  assert.deepEqual(growRequest("data"), {
    method: "PATCH",
    path: "/drives/data",
    body: { drive_id: "data", path_on_host: "/data" },
  });
});
