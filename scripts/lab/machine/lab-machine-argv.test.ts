import assert from "node:assert/strict";
import { test } from "node:test";

import { labMachineArgv, tscKhzOf } from "./lab-machine-argv.ts";

const machine = {
  kernelPath: "/lab/vmlinuz",
  initrdPath: "/lab/initrd",
  diskPath: "/lab/disk.img",
  payloadPath: "/lab/payload.erofs",
  sshPort: 2222,
  consolePath: "/lab/console.log",
  pidPath: "/lab/pid",
  tscKhz: 2_600_000,
};

test("the lab host is emulated by one thread, and only its SSH is reached, from loopback alone", () => {
  const argv = labMachineArgv(machine);
  assert.equal(argv[0], "qemu-system-x86_64");
  assert.equal(argv[argv.indexOf("-accel") + 1], "tcg,thread=single,tb-size=1024");
  assert.equal(argv[argv.indexOf("-netdev") + 1], "user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:2222-:22");
  assert.match(argv[argv.indexOf("-append") + 1] ?? "", / tsc_early_khz=2600000 tsc=reliable /);
});

test("it can't write to the payload", () => {
  const payload = labMachineArgv(machine).find((arg) => arg.includes("payload.erofs"));
  assert.match(payload ?? "", /,readonly=on$/);
});

test("the TSC's frequency comes from the processor's own line", () => {
  assert.equal(tscKhzOf("processor\t: 0\ncpu MHz\t\t: 2600.004\ncache size\t: 1 KB\n"), 2_600_004);
  assert.throws(() => tscKhzOf("processor\t: 0\n"), /frequency/);
});
