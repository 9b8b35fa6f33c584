import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { exitCodeOf, isMvmError, nodeFiles } from "@mvm/core";
import { claimDirectory } from "./own-directory.ts";
import { removeNode, type NodeRemoval } from "./remove-node.ts";

test("a node with anything of instances left is not removed: it is named, with exit 1", async () => {
  const dir = await mkdtemp(join(tmpdir(), "mvm-down-"));
  try {
    const places = { state_dir: join(dir, "state"), runtime_dir: join(dir, "run"), keys_dir: join(dir, "keys") };
    for (const place of Object.values(places)) await claimDirectory(nodeFiles, place, "whose");
    const config = { node: places, network: { name_prefix: "mvm" } } as NodeRemoval["config"];
    const removeWith = (left: readonly string[]): Promise<void> =>
      removeNode({ files: nodeFiles, host: { tearDownNode: () => Promise.resolve(left) }, config });
    await assert.rejects(
      removeWith(["instance acme-gw-0, running", "network namespace mvm-1"]),
      (error) =>
        isMvmError(error, "MVM_NODE_NOT_EMPTY") &&
        exitCodeOf(error) === 1 &&
        error.message.includes("instance acme-gw-0, running; network namespace mvm-1"),
    );
    assert.deepEqual(await readdir(dir), ["keys", "run", "state"]);
    await removeWith([]);
    assert.deepEqual(await readdir(dir), []);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});
