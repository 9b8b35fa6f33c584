/** Looking at a VM from outside, independently of what its driver has looked at. */
import assert from "node:assert/strict";
import { readFile, stat } from "node:fs/promises";
import { createLinuxCommands, createLinuxProcesses, type VmHandle, type VmLaunch } from "@mvm/runtime";
import type { TestVm } from "../vm-fixture.ts";

const SECTOR_BYTES = 512;
/** A volume that the VMM decrypts is smaller than its file by the header. */
const LUKS1_HEADER_BYTES = 2 * 1024 * 1024;
const SECCOMP_FILTER = 2;

/** The process as /proc shows it: a user of its own without rights, files or secrets. */
export async function looksConfined({ launch, key }: TestVm, handle: VmHandle): Promise<void> {
  const facts = await createLinuxProcesses().facts(handle.process);
  assert.ok(facts !== null);
  assert.deepEqual([...facts.uids, ...facts.gids], Array<number>(8).fill(launch.uid));
  assert.ok(facts.groups.every((group) => group === launch.uid));
  assert.match(`${facts.capEffective}${facts.capPermitted}`, /^0+$/);
  assert.equal(facts.noNewPrivs, true);
  assert.equal(facts.seccomp, SECCOMP_FILTER);
  const [root, hostRoot] = await Promise.all([stat(`/proc/${handle.process.pid}/root/.`), stat("/")]);
  assert.notDeepEqual([root.dev, root.ino], [hostRoot.dev, hostRoot.ino]);
  const { ino } = await stat(`/run/netns/${launch.network.namespace}`);
  assert.equal(facts.netNamespace, `net:[${ino}]`);
  const environment = await readFile(`/proc/${handle.process.pid}/environ`, "latin1");
  const texts = [...facts.cmdline, environment];
  assert.ok(!texts.some((text) => text.includes(key)), "the volume's key stands in argv or environment");
}

/**
 * Whether vda, vdb, vdc and vdd are what they should be, by the guest kernel's own words: it prints
 * each disk's size, and no two are of one size.
 */
export async function seesDrivesInOrder(words: string, { drives }: VmLaunch): Promise<void> {
  const lines = words.matchAll(/\[(vd[a-z])\] (\d+) 512-byte logical blocks/g);
  const seen = Object.fromEntries([...lines].map(([, name = "", sectors]) => [name, Number(sectors)]));
  const names = ["vda", "vdb", "vdc", "vdd"].slice(0, drives.length);
  const expected = await Promise.all(
    drives.map(async ({ path, luksKeyPath }, index) => {
      const size = await sizeOf(path);
      return [
        names[index] ?? "",
        (size - (luksKeyPath === undefined ? 0 : LUKS1_HEADER_BYTES)) / SECTOR_BYTES,
      ] as const;
    }),
  );
  assert.deepEqual(seen, Object.fromEntries(expected));
}

async function sizeOf(path: string): Promise<number> {
  const facts = await stat(path);
  if (!facts.isBlockDevice()) return facts.size;
  const { stdout } = await createLinuxCommands().run({ argv: ["blockdev", "--getsize64", path], timeoutMs: 10_000 });
  return Number(stdout);
}

/** Whether a file of the host may be read by everyone. */
export async function isOwnersOnly(path: string): Promise<boolean> {
  return ((await stat(path)).mode & 0o077) === 0;
}
