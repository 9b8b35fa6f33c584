import assert from "node:assert/strict";
import { test } from "node:test";
import { InstanceId } from "@mvm/core";
import { jailerArgv } from "./jailer-argv.ts";

test("the jailer's command line", () => {
  const argv = jailerArgv({
    jailer: "/opt/firecracker/jailer",
    firecracker: "/opt/firecracker/firecracker",
    jailsDir: "/var/lib/mvm/jails",
    cgroup: "mvm.slice/acme-gw-0",
    vm: {
      id: InstanceId.parse("acme-gw-0"),
      uid: 200_007,
      memMib: 512,
      network: { namespace: "mvm-acme", tap: "tap10", mac: "02:00:00:00:00:01" },
    },
  });
  assert.deepEqual(argv, [
    "/opt/firecracker/jailer",
    "--id",
    "acme-gw-0",
    "--exec-file",
    "/opt/firecracker/firecracker",
    "--uid",
    "200007",
    "--gid",
    "200007",
    "--chroot-base-dir",
    "/var/lib/mvm/jails",
    "--netns",
    "/run/netns/mvm-acme",
    "--new-pid-ns",
    "--daemonize",
    "--cgroup-version",
    "2",
    "--parent-cgroup",
    "mvm.slice/acme-gw-0",
    "--resource-limit",
    "no-file=1536",
    "--resource-limit",
    "fsize=603979776",
    "--",
    "--api-sock",
    "/run/api.sock",
    "--log-path",
    "/log",
    "--level",
    "Warning",
  ]);
});
