import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MvmError, type CommandRunner } from "@mvm/core";
import { MemoryFiles, staticProgram } from "@mvm/testing";
import type { DriverFingerprint } from "../../driver.ts";
import { lookAtHost } from "./fingerprint.ts";

const programs = { firecracker: "/opt/firecracker", jailer: "/opt/jailer" };
const MOUNT = "/cgroup";

/** What each program prints when it is asked for its version; null for one that fails. */
interface Printed {
  readonly firecracker: string | null;
  readonly jailer: string | null;
}

/** A host that lacks nothing else. */
async function lookAt(printed: Printed): Promise<DriverFingerprint> {
  const files = new MemoryFiles();
  for (const directory of ["/opt", "/dev/net", MOUNT]) await files.ensureDir(directory);
  for (const path of ["/dev/kvm", "/dev/net/tun"]) await files.writeAtomic(path, "");
  await files.writeAtomic(`${MOUNT}/cgroup.controllers`, "cpu io memory pids\n");
  for (const path of Object.values(programs)) await files.writeAtomic(path, staticProgram(), { mode: 0o755 });
  const commands: CommandRunner = {
    async run({ argv: [program, ...rest] }) {
      const stdout = {
        realpath: `${rest.at(-1)}\n`,
        [programs.firecracker]: printed.firecracker,
        [programs.jailer]: printed.jailer,
      }[program];
      if (typeof stdout !== "string") throw new MvmError("MVM_HOST_COMMAND_FAILED", { message: `${program} failed` });
      return { code: 0, stdout, stderr: "" };
    },
  };
  return lookAtHost({ commands, files }, { programs, cgroups: { mount: MOUNT, parent: "mvm.slice" } });
}

describe("the look at a host's Firecracker", () => {
  test("takes a pair of one supported version", async () => {
    const { version, unusable } = await lookAt({ firecracker: "Firecracker v1.15.1\n", jailer: "Jailer v1.15.1\n" });
    assert.deepEqual({ version, unusable }, { version: "1.15.1", unusable: null });
  });

  const nameless = {
    firecracker: /does not name a release of Firecracker$/,
    jailer: /does not name a release of the jailer$/,
  };
  for (const [what, printed, reason] of [
    [
      "a version that is refused",
      { firecracker: "Firecracker v1.16.1\n", jailer: "Jailer v1.16.1\n" },
      /^Firecracker 1\.16\.1 .*guest channel/,
    ],
    [
      "a jailer of another version, even one that is supported",
      { firecracker: "Firecracker v1.15.1\n", jailer: "Jailer v1.17.0-dev\n" },
      /^the jailer is of release 1\.17\.0-dev, Firecracker of 1\.15\.1$/,
    ],
    [
      "a jailer that says no version",
      { firecracker: "Firecracker v1.15.1\n", jailer: "Firecracker v1.15.1\n" },
      nameless.jailer,
    ],
    ["a jailer that does not run", { firecracker: "Firecracker v1.15.1\n", jailer: null }, nameless.jailer],
    [
      "a Firecracker that says no version",
      { firecracker: "v1.15.1\n", jailer: "Jailer v1.15.1\n" },
      nameless.firecracker,
    ],
    ["a pair that says no version", { firecracker: "", jailer: "" }, nameless.firecracker],
    ["a pair that does not run", { firecracker: null, jailer: null }, nameless.firecracker],
  ] as const) {
    test(`refuses ${what}`, async () => {
      const { unusable } = await lookAt(printed);
      assert.match(unusable?.reason ?? "", reason);
      assert.match(unusable?.remedy ?? "", /^Install release 1\.15\.1 /);
    });
  }
});
