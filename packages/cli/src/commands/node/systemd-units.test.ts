import assert from "node:assert/strict";
import { test } from "node:test";
import { COMMANDS_AFTER, systemdUnits } from "./systemd-units.ts";

const request = {
  program: "/opt/mvm/mvm",
  configPath: "/etc/mvm/mvm.toml",
  stateDir: "/var/lib/mvm",
  keysDir: "/var/lib/mvm-keys",
  runtimeDir: "/run/mvm",
  imagesDir: "/var/cache/mvm/images",
  coordinatorDir: "/run/mvm",
  cpuInfo: "vendor_id\t: AuthenticAMD\nflags\t\t: fpu svm sse\n",
  stopTimeoutSeconds: 30,
};
const units = systemdUnits(request);

function settings(name: string): ReadonlyMap<string, string> {
  const text = units.find(({ path }) => path.endsWith(`/${name}`))?.text ?? assert.fail(`no unit ${name}`);
  return new Map(
    text.split("\n").flatMap((line) => {
      const [, key = "", value = ""] = /^(\w+)=(.*)$/.exec(line) ?? [];
      return key === "" ? [] : [[key, value]];
    }),
  );
}

test("the servers run this installation with this configuration, and say when they are ready and alive", () => {
  for (const server of ["coordinator", "agent"]) {
    const unit = settings(`mvm-${server}.service`);
    assert.equal(unit.get("ExecStart"), `/opt/mvm/mvm --config /etc/mvm/mvm.toml ${server} run`);
    assert.equal(unit.get("Type"), "notify");
    assert.equal(unit.get("Restart"), "always");
    assert.equal(unit.get("WatchdogSec"), "60");
    assert.equal(unit.get("WantedBy"), "multi-user.target");
  }
});

test("ending the agent ends no VM, and nothing but the host's shutdown ends the VMs' own unit", () => {
  assert.equal(settings("mvm-agent.service").get("KillMode"), "process");
  const vms = settings("mvm-vms.service");
  assert.equal(vms.get("Slice"), "mvm.slice");
  assert.equal(vms.get("RefuseManualStop"), "yes");
  assert.equal(settings("mvm.slice").get("RefuseManualStop"), "yes", "it would end the unit in it");
  assert.equal(vms.has("KillMode"), false, "the host's shutdown ends VMs, not only their holder");
  assert.equal(vms.get("Delegate"), "cpu io memory pids");
  assert.match(vms.get("ExecStart") ?? "", /\+cpu \+io \+memory \+pids > cgroup\.subtree_control/);
  assert.match(settings("mvm-agent.service").get("After") ?? "", /^mvm-vms\.service mvm-coordinator\.service /);
});

test("the agent may open what it opens, and what the jailer makes nodes of", () => {
  const text = units.find(({ path }) => path.endsWith("/mvm-agent.service"))?.text ?? "";
  assert.deepEqual(text.match(/(?<=^DeviceAllow=)\S+/gm), [
    ...["/dev/kvm", "/dev/net/tun", "/dev/userfaultfd"],
    ...["/dev/mapper/control", "block-device-mapper", "/dev/loop-control", "block-loop"],
  ]);
});

test("the host's shutdown gives guests their time to stop before it ends their unit", () => {
  const agent = settings("mvm-agent.service");
  assert.equal(agent.get("TimeoutStopSec"), "90");
  // What starts after another unit is stopped before it.
  assert.match(agent.get("After") ?? "", /mvm-vms\.service/);
});

test("the death of the VMs' holder, by whatever kills, is no end of their unit", () => {
  const vms = settings("mvm-vms.service");
  assert.equal(vms.get("RemainAfterExit"), "yes");
  assert.equal(vms.get("SuccessExitStatus"), "SIGKILL");
  assert.equal(vms.get("OOMScoreAdjust"), "-1000");
  assert.equal(vms.has("Restart"), false);
});

test("the agent stays in the host's mount namespace: its mounts and namespaces outlive it", () => {
  const namespacing = [
    ...["PrivateTmp", "PrivateDevices", "PrivateMounts", "PrivateNetwork", "PrivateUsers", "MountFlags"],
    ...["ProtectSystem", "ProtectHome", "ProtectControlGroups", "ProtectKernelTunables", "ProtectKernelModules"],
    ...["ProtectKernelLogs", "ProtectProc", "ProcSubset", "ReadWritePaths", "ReadOnlyPaths", "InaccessiblePaths"],
    ...["RootDirectory", "TemporaryFileSystem", "BindPaths", "DynamicUser", "ProtectHostname"],
  ];
  const agent = settings("mvm-agent.service");
  assert.deepEqual(
    namespacing.filter((key) => agent.has(key)),
    [],
  );
});

test("the coordinator has no rights, no network and three directories to write to", () => {
  const coordinator = settings("mvm-coordinator.service");
  assert.equal(coordinator.get("CapabilityBoundingSet"), "");
  assert.equal(coordinator.get("PrivateNetwork"), "yes");
  assert.equal(coordinator.get("ReadWritePaths"), "/var/lib/mvm /var/lib/mvm-keys /run/mvm");
});

test("what the coordinator writes to is made before it starts, keys for root alone", () => {
  const text = units.find(({ path }) => path === "/etc/tmpfiles.d/mvm.conf")?.text ?? "";
  assert.deepEqual(text.trim().split("\n").slice(1), [
    "d /var/lib/mvm 0711 root root -",
    "d /run/mvm 0711 root root -",
    "d /var/lib/mvm-keys 0700 root root -",
  ]);
  assert.match(COMMANDS_AFTER[0] ?? "", /^systemd-tmpfiles --create \/etc\/tmpfiles\.d\/mvm\.conf$/);
});

test("after every boot the kernel has what the agent may not load: the processor's KVM, dm-crypt, tun", () => {
  const loaded = (cpuInfo: string): readonly string[] => {
    const [first] = systemdUnits({ ...request, cpuInfo });
    assert.equal(first?.path, "/etc/modules-load.d/mvm.conf");
    return first.text.trim().split("\n").slice(1);
  };
  assert.deepEqual(loaded(request.cpuInfo), ["kvm_amd", "dm_crypt", "tun"]);
  assert.deepEqual(loaded("flags\t\t: fpu vmx sse\nvmx flags\t: vnmi\n"), ["kvm_intel", "dm_crypt", "tun"]);
  assert.deepEqual(loaded("flags\t\t: fpu sse svm_lock\n"), ["dm_crypt", "tun"]);
  assert.ok(COMMANDS_AFTER.includes("systemctl restart systemd-modules-load.service"));
});

test("a path with blanks, quotes, specifiers and variables stays that path", () => {
  const odd = systemdUnits({ ...request, configPath: '/etc/m "v" %n/$HOME.toml', stateDir: "/srv/my state" });
  const text = odd.map((unit) => unit.text).join("\n");
  assert.ok(text.includes(String.raw`--config "/etc/m \"v\" %%n/$$HOME.toml" agent run`));
  assert.ok(text.includes('ReadWritePaths="/srv/my state" /var/lib/mvm-keys /run/mvm'));
  assert.ok(text.includes('d "/srv/my state" 0711 root root -'));
});
