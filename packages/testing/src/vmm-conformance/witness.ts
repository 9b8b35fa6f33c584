/**
 * A witness inside the guest: shell lines run by the image `probe`, asked over the guest's network
 * and thus independently of the driver and its guest channel. It sees whether the guest went on,
 * and with what.
 */
import assert from "node:assert/strict";
import { nodeClock } from "@mvm/core";
import * as z from "zod";
import type { TestVm, VmFixture } from "../vm-fixture.ts";

const PORT = 7000;
const BOOT_TIMEOUT_MS = 180_000;
const LINE_TIMEOUT_MS = 60_000;
/** From inside the VMs' network namespace: prints the body of the answer. */
const ASK = `
const [url, body] = process.argv.slice(1);
const answer = await fetch(url, { method: "POST", body, signal: AbortSignal.timeout(${LINE_TIMEOUT_MS}) });
process.stdout.write(await answer.text());
`;
const Answer = z.object({ code: z.union([z.number(), z.string()]), stdout: z.string(), stderr: z.string() });

/** What the line prints in the guest; its failure fails the test. */
export async function inGuest({ commands, namespace }: VmFixture, vm: TestVm, line: string): Promise<string> {
  const body = JSON.stringify({ argv: ["/bin/sh", "-c", line], timeout_ms: LINE_TIMEOUT_MS });
  const node = [process.execPath, "--input-type=module", "--eval", ASK] as const;
  const argv = ["nsenter", `--net=/run/netns/${namespace}`, ...node, `http://${vm.address}:${PORT}/run`, body] as const;
  const { stdout } = await commands.run({ argv, timeoutMs: LINE_TIMEOUT_MS });
  const answer = Answer.parse(JSON.parse(stdout));
  assert.equal(answer.code, 0, `${line}: ${answer.stderr}`);
  return answer.stdout.trim();
}

/** Starts a process that counts, and leaves what must survive in memory and on the data drive. */
export async function startWitness(fixture: VmFixture, vm: TestVm): Promise<void> {
  const deadline = nodeClock.monotonicMs() + BOOT_TIMEOUT_MS;
  const answers = (): Promise<boolean> =>
    inGuest(fixture, vm, "grep -q ' /data ' /proc/mounts").then(
      () => true,
      () => false,
    );
  while (!(await answers())) {
    assert.ok(nodeClock.monotonicMs() < deadline, "the witness in the guest did not answer");
    await nodeClock.sleep(500);
  }
  const counter =
    "n=0; while :; do n=$((n+1)); echo $n > /run/counter.new; mv /run/counter.new /run/counter; sleep 0.2; done";
  await inGuest(fixture, vm, `setsid sh -c '${counter}' > /dev/null 2>&1 < /dev/null & echo $! > /run/counter.pid`);
  await inGuest(fixture, vm, "head -c 4194304 /dev/urandom > /data/blob; sha256sum /data/blob > /run/blob.sum");
  await inGuest(fixture, vm, "dmesg | wc -l > /run/dmesg.lines");
}

export interface Sighting {
  /** The counting process and how far it has come. */
  readonly pid: number;
  readonly count: number;
}

/** The process counts on: waits for two of its steps. */
export async function seeCounting(fixture: VmFixture, vm: TestVm): Promise<Sighting> {
  const line =
    "cat /run/counter.pid /run/counter; a=$(cat /run/counter); until [ $(cat /run/counter) -gt $((a+1)) ]; do sleep 0.1; done";
  const [pid = 0, count = 0] = (await inGuest(fixture, vm, line)).split("\n").map(Number);
  assert.ok(pid > 0 && count > 0);
  return { pid, count };
}

/** Leaves a word in memory and, unsynced, on the data drive: only together are they the guest's. */
export async function leaveWord(fixture: VmFixture, vm: TestVm, word: string): Promise<void> {
  await inGuest(fixture, vm, `echo ${word} | tee /run/word > /data/word`);
}

/** Memory and disk agree with each other and with what was left, also when read from the disk itself. */
export async function findsWord(fixture: VmFixture, vm: TestVm, word: string): Promise<void> {
  const line =
    "cat /run/word /data/word; sync; echo 3 > /proc/sys/vm/drop_caches; cat /data/word; sha256sum --check --quiet /run/blob.sum";
  assert.deepEqual((await inGuest(fixture, vm, line)).split("\n"), [word, word, word]);
  // An emulated processor may have given the kernel reasons to complain at its boot.
  const complaints =
    "dmesg | tail -n +$(($(cat /run/dmesg.lines) + 1)) | grep -iE -A20 'ext4.*error|I/O error|call trace' || true";
  assert.equal(await inGuest(fixture, vm, complaints), "");
}
