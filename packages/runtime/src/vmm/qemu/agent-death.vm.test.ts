/**
 * VMs outlive the process that launched them, however it ends, and a launch that it did not live to
 * finish leaves nothing that can't be found: a child launches a VM and is killed with SIGKILL.
 */
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { nodeClock, nodeFiles } from "@mvm/core";
import { ensureTestImage, helloOf, openVmFixture, requires, type VmFixture } from "@mvm/testing";
import { createLinuxCommands } from "../../host/commands.ts";
import { createLinuxProcesses } from "../../host/processes.ts";
import { createUnixSockets } from "../../host/unix-sockets.ts";
import type { VmHandle, VmLaunch } from "../driver.ts";
import { createQemuDriver } from "./qemu-driver.ts";

const PACKAGE = join(import.meta.dirname, "../../..");
/** Launches what its argument says, prints the handle, and does nothing more. */
const LAUNCHER = `
import { nodeClock, nodeFiles } from "@mvm/core";
import * as runtime from "./src/index.ts";
const { stateDir, launch } = JSON.parse(process.argv[1]);
const driver = runtime.createQemuDriver({
  commands: runtime.createLinuxCommands(), processes: runtime.createLinuxProcesses(),
  sockets: runtime.createUnixSockets(), files: nodeFiles, clock: nodeClock, stateDir,
});
console.log("launching");
const { handle } = await driver.launch(launch);
console.log(JSON.stringify(handle));
setInterval(() => undefined, 60_000);
`;

const skip = await requires("root", "network", "volumes", "qemu", "images");

describe("death of the agent", { skip }, () => {
  let fixture: VmFixture;
  const driver = () =>
    createQemuDriver({
      commands: createLinuxCommands(),
      processes: createLinuxProcesses(),
      sockets: createUnixSockets(),
      files: nodeFiles,
      clock: nodeClock,
      stateDir: fixture.nodeDir,
    });

  before(async () => {
    fixture = await openVmFixture(await ensureTestImage("minimal"));
  });
  after(() => fixture.close());

  test("a VM that has just started boots on, is adopted and answers", async () => {
    const vm = await fixture.vm();
    const launcher = startLauncher(fixture, vm.launch);
    const handle = JSON.parse(await nextLine(launcher, 1)) as VmHandle;
    await killed(launcher);

    const next = driver();
    assert.deepEqual(await next.adopt(handle), handle);
    await helloOf(next, handle);
    assert.equal(await next.inspect(handle), "running");
    await next.kill(handle);
    next.close();
    assert.deepEqual(await fixture.leftovers(vm), []);
  });

  test("a launch that was cut anywhere is swept, and the VM starts again", async () => {
    for (const afterMs of [0, 10, 25, 50, 100, 250]) {
      const vm = await fixture.vm();
      const launcher = startLauncher(fixture, vm.launch);
      await nextLine(launcher, 0);
      await nodeClock.sleep(afterMs);
      await killed(launcher);
      const next = driver();
      await next.sweep(vm.launch);
      assert.deepEqual(await fixture.leftovers(vm), [], `cut after ${afterMs} ms`);
      if (afterMs === 50) {
        const { handle } = await next.launch(vm.launch);
        await next.kill(handle);
      }
      next.close();
    }
  });
});

function startLauncher({ nodeDir }: VmFixture, launch: VmLaunch): ChildProcess {
  const argument = JSON.stringify({ stateDir: nodeDir, launch });
  return spawn(process.execPath, ["--input-type=module", "--eval", LAUNCHER, argument], {
    cwd: PACKAGE,
    stdio: ["ignore", "pipe", "inherit"],
  });
}

/** The launcher's line of that number, counted from 0. */
async function nextLine({ stdout }: ChildProcess, number: number): Promise<string> {
  assert.ok(stdout !== null);
  let text = "";
  for (;;) {
    const [chunk] = (await once(stdout, "data")) as [Buffer];
    text += chunk.toString();
    const line = text.split("\n").slice(0, -1)[number];
    if (line !== undefined) return line;
  }
}

async function killed(launcher: ChildProcess): Promise<void> {
  const gone = once(launcher, "exit");
  launcher.kill("SIGKILL");
  await gone;
}
