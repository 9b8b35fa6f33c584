import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeClock } from "@mvm/core";
import { readDrives, remountSmallDrives } from "./drives.ts";
import { GuestRefusal } from "./guest-refusal.ts";
import type { BoundedCommands, CommandOutcome } from "./ports.ts";

const fileWith = (text: string | null) => ({ read: async () => (text === null ? null : Buffer.from(text)) });

const documents: readonly [name: string, text: string | null, ok: boolean | null][] = [
  ["everything mounted", '{"ok":true,"secrets":true,"config":true,"data":"formatted"}', true],
  ["a failure", '{"ok":false,"drive":"data","reason":"no disk carries the data of this volume"}', false],
  ["not there yet", null, null],
  ["half written", '{"ok":tr', null],
  ["something else", '{"ok":"yes"}', null],
];
for (const [name, text, ok] of documents) {
  test(`drives.json: ${name}`, async () => assert.equal((await readDrives(fileWith(text)))?.ok ?? null, ok));
}

/** Commands that answer from a table by program; `log` keeps what was run. */
function commandsThat(answer: (argv: readonly string[]) => Partial<CommandOutcome>) {
  const log: string[] = [];
  const commands: BoundedCommands = {
    async run({ argv }) {
      log.push(argv.join(" "));
      return { code: 0, stdout: "", stderr: "", truncated: false, ...answer(argv) };
    },
  };
  return { commands, log };
}

const SOURCES: Readonly<Record<string, string>> = { "/run/secrets": "/dev/vdc\n", "/etc/mvm-config": "/dev/vdd\n" };

test("each small drive is taken away, its cached blocks dropped, and mounted again read-only", async () => {
  const { commands, log } = commandsThat((argv) =>
    argv[0] === "findmnt" ? { stdout: SOURCES[argv.at(-1) ?? ""] ?? "" } : {},
  );
  await remountSmallDrives({ commands, clock: nodeClock });
  assert.deepEqual(
    log.filter((line) => !line.startsWith("findmnt")),
    [
      "umount /run/secrets",
      "blockdev --flushbufs /dev/vdc",
      "mount -t ext4 -o ro,noload,nosuid,nodev,noexec /dev/vdc /run/secrets",
      "umount /etc/mvm-config",
      "blockdev --flushbufs /dev/vdd",
      "mount -t ext4 -o ro,noload,nosuid,nodev,noexec /dev/vdd /etc/mvm-config",
    ],
  );
});

test("a drive that is not mounted is left alone", async () => {
  const { commands, log } = commandsThat((argv) => (argv[0] === "findmnt" ? { code: 1 } : {}));
  await remountSmallDrives({ commands, clock: nodeClock });
  assert.ok(log.every((line) => line.startsWith("findmnt")));
});

test("a drive in use is tried again; one that stays in use is a refusal that says so", async () => {
  let busyFor = 2;
  const passing = commandsThat((argv) => {
    if (argv[0] === "findmnt") return { stdout: SOURCES[argv.at(-1) ?? ""] ?? "" };
    busyFor -= argv[0] === "umount" ? 1 : 0;
    return argv[0] === "umount" && busyFor >= 0 ? { code: 32, stderr: "target is busy" } : {};
  });
  const noWait = { ...nodeClock, sleep: async () => undefined };
  await remountSmallDrives({ commands: passing.commands, clock: noWait });
  assert.equal(passing.log.filter((line) => line === "umount /run/secrets").length, 3);

  const stuck = commandsThat((argv) =>
    argv[0] === "findmnt" ? { stdout: "/dev/vdc" } : { code: 32, stderr: "target is busy" },
  );
  await assert.rejects(
    remountSmallDrives({ commands: stuck.commands, clock: noWait }),
    (error) => error instanceof GuestRefusal && /stays in use: target is busy/.test(error.message),
  );
});
