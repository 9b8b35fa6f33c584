import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeClock } from "@mvm/core";
import { rpcErrors } from "../protocol/frames.ts";
import { growData } from "./data-growth.ts";
import { GuestRefusal } from "./guest-refusal.ts";
import type { BoundedCommand, CommandOutcome } from "./ports.ts";

const MIB = 1024 * 1024;
const clock = { ...nodeClock, sleep: async () => undefined };

/** A guest whose disk shows one size after the other, the last one from then on. */
function guestWith(disk: readonly number[], fails: (line: string) => Partial<CommandOutcome> | null = () => null) {
  const ran: string[] = [];
  const sizes = [...disk];
  const answers: readonly (readonly [begin: string, stdout: () => string])[] = [
    ["findmnt --noheadings --output=SOURCE --mountpoint /data", () => "/dev/vdb\n"],
    ["blockdev --getsize64 /dev/vdb", () => `${(sizes.length > 1 ? sizes.shift() : sizes[0]) ?? 0}\n`],
    ["resize2fs /dev/vdb", () => ""],
    ["findmnt --noheadings --bytes --output=SIZE --mountpoint /data", () => " 121000000\n"],
  ];
  const commands = {
    async run({ argv }: BoundedCommand): Promise<CommandOutcome> {
      const line = argv.join(" ");
      ran.push(line);
      const stdout = answers.find(([known]) => known === line)?.[1]() ?? assert.fail(`not expected: ${line}`);
      return { code: 0, stdout, stderr: "", truncated: false, ...fails(line) };
    },
  };
  return { ran, grow: (sizeBytes: number) => growData({ commands, clock }, sizeBytes) };
}

const isRefused = (code: number, words: RegExp) => (error: unknown) =>
  error instanceof GuestRefusal && error.code === code && words.test(error.message);

test("the file system takes the rest once the disk has its new size, and tells what it holds", async () => {
  const { ran, grow } = guestWith([64 * MIB, 64 * MIB, 128 * MIB]);
  assert.equal(await grow(128 * MIB), 121_000_000);
  assert.equal(ran.filter((line) => line.startsWith("blockdev")).length, 3);
  assert.deepEqual(
    ran.filter((line) => line.startsWith("resize2fs")),
    ["resize2fs /dev/vdb"],
    "after the disk has grown, never before",
  );
});

test("a disk that stays as it was is not ready yet, and its file system is left alone", async () => {
  const { ran, grow } = guestWith([64 * MIB]);
  await assert.rejects(grow(128 * MIB), isRefused(rpcErrors.notReady, /has 67108864 bytes, not 134217728 yet/));
  assert.ok(ran.every((line) => !line.startsWith("resize2fs")));
});

test("without a mounted data drive, or with a tool that fails, it is refused in the tool's words", async () => {
  const nothing = guestWith([0], (line) => (line.includes("SOURCE") ? { code: 1 } : null));
  await assert.rejects(nothing.grow(1), isRefused(rpcErrors.refused, /--mountpoint \/data failed/));
  assert.equal(nothing.ran.length, 1);
  const broken = guestWith([MIB], (line) => (line.startsWith("resize2fs") ? { code: 1, stderr: "read-only\n" } : null));
  await assert.rejects(broken.grow(1), isRefused(rpcErrors.refused, /resize2fs \/dev\/vdb failed: read-only/));
});
