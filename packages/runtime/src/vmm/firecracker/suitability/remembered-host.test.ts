import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import type { CommandRunner } from "@mvm/core";
import { MemoryFiles, staticProgram } from "@mvm/testing";
import { rememberedHost } from "./remembered-host.ts";

const programs = { firecracker: "/opt/firecracker", jailer: "/opt/jailer" };
const MOUNT = "/cgroup";

let files = new MemoryFiles();
let printed: string[] = [];
let version = "1.15.1";

const commands: CommandRunner = {
  run: async ({ argv: [program, ...rest] }) => {
    if (program === "realpath") return { code: 0, stdout: `${rest.at(-1)}\n`, stderr: "" };
    printed.push(program);
    return { code: 0, stdout: `${program === programs.jailer ? "Jailer" : "Firecracker"} v${version}\n`, stderr: "" };
  },
};

async function install(): Promise<void> {
  for (const path of Object.values(programs)) await files.writeAtomic(path, staticProgram(), { mode: 0o755 });
}

const remembered = (): ReturnType<typeof rememberedHost> =>
  rememberedHost({ commands, files }, { programs, cgroups: { mount: MOUNT, parent: "mvm.slice" } });

beforeEach(async () => {
  [files, printed, version] = [new MemoryFiles(), [], "1.15.1"];
  for (const directory of ["/opt", "/dev/net", MOUNT]) await files.ensureDir(directory);
  for (const path of ["/dev/kvm", "/dev/net/tun"]) await files.writeAtomic(path, "");
  await files.writeAtomic(`${MOUNT}/cgroup.controllers`, "cpu io memory pids\n");
  await install();
});

test("a host is looked at once, by however many ask, while its programs are the same files", async () => {
  const fingerprint = remembered();
  const [first, second] = await Promise.all([fingerprint(), fingerprint()]);
  assert.equal(first.unusable, null);
  assert.equal(second, first);
  assert.equal(await fingerprint(), first);
  assert.equal(printed.length, 2);
});

test("programs that were replaced under a running agent are looked at before the next VM", async () => {
  const fingerprint = remembered();
  await fingerprint();
  version = "1.16.1";
  await install();
  assert.match((await fingerprint()).unusable?.reason ?? "", /1\.16\.1/);
});

test("a program that is put into others' hands is seen", async () => {
  const fingerprint = remembered();
  await fingerprint();
  await files.remove(programs.jailer);
  await files.writeAtomic(programs.jailer, staticProgram(), { mode: 0o777 });
  assert.match((await fingerprint()).unusable?.reason ?? "", /written by others/);
});

test("a program in a directory that is not root's alone is not even asked for its version", async () => {
  await files.chmod("/opt", 0o777);
  assert.match((await remembered()()).unusable?.reason ?? "", /exchanged by others: \/opt/);
  assert.deepEqual(printed, []);
});

test("what made a host unusable may be mended without a change of the programs", async () => {
  await files.remove("/dev/kvm");
  const fingerprint = remembered();
  assert.match((await fingerprint()).unusable?.reason ?? "", /kvm/);
  await files.writeAtomic("/dev/kvm", "");
  assert.equal((await fingerprint()).unusable, null);
});
