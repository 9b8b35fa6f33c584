import assert from "node:assert/strict";
import test from "node:test";
import type { ImageTools } from "@mvm/agent";
import { MicrovmsTables, nodeClock } from "@mvm/core";
import { capturedOutput, catalogueImage } from "@mvm/testing";
import { buildWithProgress } from "./build-with-progress.ts";

const resources = { vcpus: 1, mem_mib: 64, data_mib: 0 };
const declared = { description: "d", min_mem_mib: 64, defaults: resources };
const { profiles } = MicrovmsTables.parse({ profiles: { small: declared, large: declared } });
const named = Object.entries(profiles).map(([name, profile]) => ({ name, profile }));
const { manifest } = catalogueImage("small", "1".repeat(16));

async function said(cached: boolean): Promise<string> {
  const stderr = capturedOutput();
  const context = { stderr, clock: nodeClock, signal: new AbortController().signal };
  const tools: Pick<ImageTools, "build"> = {
    async build({ onProgress }) {
      if (!cached) onProgress?.("tree", "composing the root");
      return { manifest, cached };
    },
  };
  await buildWithProgress(context, tools, { profiles: named, quiet: false });
  return stderr.text();
}

test("in a pipe nothing is said of images that are there", async () => assert.equal(await said(true), ""));

test("an image waits for its turn only behind one that is really built", async () => {
  const lines = (await said(false)).trimEnd().split("\n");
  assert.equal(lines[0], "building: image of small tree: composing the root (0.0 s)");
  assert.equal(lines.filter((line) => line === "building: image of large waits for its turn (0.0 s)").length, 1);
});
