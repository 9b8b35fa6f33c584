import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { nodeFiles } from "./files.ts";

const tooMuch = (maxBytes: number) => new RegExp(`holds more than ${maxBytes} bytes$`);

describe("a file that is read", () => {
  let directory = "";
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "mvm-files-"));
  });
  after(() => rm(directory, { recursive: true }));

  test("comes whole, up to the size that is allowed", async () => {
    const path = join(directory, "file");
    const contents = Buffer.from("0123456789".repeat(10_000));
    await writeFile(path, contents);
    for (const maxBytes of [contents.length, contents.length + 1, 10 * contents.length])
      assert.deepEqual(await nodeFiles.read(path, maxBytes), contents);
    for (const maxBytes of [0, 10, contents.length - 1])
      await assert.rejects(nodeFiles.read(path, maxBytes), tooMuch(maxBytes));
  });

  test("may be empty, or not be there", async () => {
    await writeFile(join(directory, "empty"), "");
    assert.deepEqual(await nodeFiles.read(join(directory, "empty"), 0), Buffer.alloc(0));
    assert.equal(await nodeFiles.read(join(directory, "missing"), 10), null);
    assert.equal(await nodeFiles.read(join(directory, "empty", "missing"), 10), null);
  });

  test("is limited, too, when the kernel makes it and tells no size", async () => {
    const path = "/proc/version";
    const contents = await readFile(path);
    assert.deepEqual(await nodeFiles.read(path, contents.length), contents);
    await assert.rejects(nodeFiles.read(path, contents.length - 1), tooMuch(contents.length - 1));
  });

  test("is limited, too, when it has no end", async () => {
    await assert.rejects(nodeFiles.read("/dev/zero", 100_000), tooMuch(100_000));
  });
});
