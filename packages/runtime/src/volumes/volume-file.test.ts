/** The LUKS file over files in memory: what its tools are asked for, and what is said when they fail. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { InstanceId, isMvmError, MvmError, nodeRandom, Secret, type CommandRunner } from "@mvm/core";
import { MemoryFiles } from "@mvm/testing";
import { LUKS_HEADER_MIB } from "./luks-argv.ts";
import { ensureVolumeFile, growVolumeFile } from "./volume-file.ts";
import { volumeKeys } from "./volume-key.ts";

const STATE_DIR = "/var/lib/mvm/instances/acme-gw-0";
const request = (sizeMib: number) => ({
  instance: InstanceId.parse("acme-gw-0"),
  stateDir: STATE_DIR,
  keyPath: "/run/mvm/key",
  sizeMib,
  tenantKey: new Secret("k".repeat(32)),
});

async function portsWithVolume() {
  const files = new MemoryFiles();
  await files.ensureDir(STATE_DIR);
  const ran: string[] = [];
  const commands: CommandRunner = {
    async run({ argv }) {
      ran.push(argv.join(" "));
      return { code: 0, stdout: "", stderr: "" };
    },
  };
  const ports = { commands, files, keys: volumeKeys({ files, random: nodeRandom }) };
  await ensureVolumeFile(ports, "luks2", request(16));
  ran.length = 0;
  return { ports, ran };
}

test("a file is made longer by the header and what is asked for, and never touched when it is that long", async () => {
  const { ports, ran } = await portsWithVolume();
  await growVolumeFile(ports, "luks2", request(16));
  await growVolumeFile(ports, "luks2", request(8));
  assert.deepEqual(ran, []);
  await growVolumeFile(ports, "luks2", request(40));
  assert.deepEqual(ran, [`truncate --size=>${40 + LUKS_HEADER_MIB.luks2}M ${STATE_DIR}/data.luks`]);
});

test("a tool that fails is a failure of the volume, named and tried again", async () => {
  const { ports } = await portsWithVolume();
  const cause = new MvmError("MVM_HOST_COMMAND_FAILED", { message: "truncate ended with 1: File too large" });
  const commands: CommandRunner = { run: () => Promise.reject(cause) };
  for (const grow of [growVolumeFile, ensureVolumeFile])
    await assert.rejects(
      async () => grow({ ...ports, commands }, "luks2", request(40)),
      (error) => {
        assert.ok(isMvmError(error, "MVM_VOLUME_FAILED"));
        assert.equal(error.message, "can't grow the data volume of acme-gw-0 to 40 MiB");
        assert.deepEqual([error.retry, error.cause], ["backoff", cause]);
        return true;
      },
    );
});
