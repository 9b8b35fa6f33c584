import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { isStaticProgram } from "./static-program.ts";

/** A header with program headers of these types and nothing else. */
function program(...types: readonly number[]): Buffer {
  const file = Buffer.alloc(64 + types.length * 56);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2]);
  file.writeBigUInt64LE(64n, 32);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(types.length, 56);
  for (const [index, type] of types.entries()) file.writeUInt32LE(type, 64 + index * 56);
  return file;
}

test("a program that names a dynamic linker is not static", async () => {
  assert.equal(isStaticProgram(program(1, 2)), true);
  assert.equal(isStaticProgram(program(1, 3, 2)), false);
  assert.equal(isStaticProgram(await readFile("/bin/ls")), false);
});

test("what is no program, or cut short, is not static", () => {
  assert.equal(isStaticProgram(Buffer.from("#!/bin/sh\nexec jailer\n".padEnd(100))), false);
  assert.equal(isStaticProgram(program()), false);
  assert.equal(isStaticProgram(program(1, 2).subarray(0, 100)), false);
});
