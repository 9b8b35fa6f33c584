import assert from "node:assert/strict";
import { test } from "node:test";
import { cpioArchive, type CpioEntry } from "./cpio.ts";

/** Reads an archive back as the kernel does: header, name, contents, each padded to 4 bytes. */
function readArchive(
  archive: Buffer,
): readonly { readonly name: string; readonly mode: string; readonly data: string; readonly owner: string }[] {
  const members = [];
  for (let at = 0; ;) {
    assert.equal(archive.toString("latin1", at, at + 6), "070701");
    const field = (index: number): number =>
      Number.parseInt(archive.toString("latin1", at + 6 + index * 8, at + 14 + index * 8), 16);
    const nameEnd = at + 110 + field(11);
    const dataAt = (nameEnd + 3) & ~3;
    const name = archive.toString("latin1", at + 110, nameEnd - 1);
    if (name === "TRAILER!!!") return members;
    const data = archive.toString("latin1", dataAt, dataAt + field(6));
    members.push({ name, mode: field(1).toString(8), data, owner: `${field(2)}:${field(3)} ${field(5)}` });
    at = (dataAt + field(6) + 3) & ~3;
  }
}

const entries: readonly CpioEntry[] = [
  { kind: "directory", path: "bin" },
  { kind: "file", path: "bin/a", mode: 0o755, contents: Buffer.from("12345") },
  { kind: "symlink", path: "bin/sh", target: "a" },
];

test("every entry comes back with its kind, mode and contents, as root's and without a time", () => {
  assert.deepEqual(readArchive(cpioArchive(entries)), [
    { name: "bin", mode: "40755", data: "", owner: "0:0 0" },
    { name: "bin/a", mode: "100755", data: "12345", owner: "0:0 0" },
    { name: "bin/sh", mode: "120777", data: "a", owner: "0:0 0" },
  ]);
});
