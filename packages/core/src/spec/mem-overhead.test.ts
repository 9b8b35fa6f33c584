import assert from "node:assert/strict";
import test from "node:test";
import { hostMemMib, hostMemText, type MemOverhead, NO_MEM_OVERHEAD } from "./mem-overhead.ts";

const overhead: MemOverhead = { fixed_mib: 32, share: 0.5, least_mib: 64, most_mib: 1024 };

test("a VM takes its guest's memory, a fixed part and a share within bounds", () => {
  const taken = [64, 512, 2048, 8192].map((memMib) => hostMemMib(memMib, overhead) - memMib);
  assert.deepEqual(taken, [32 + 64, 32 + 256, 32 + 1024, 32 + 1024]);
  assert.equal(hostMemMib(2048, NO_MEM_OVERHEAD), 2048);
});

test("the words name the VMM's part where there is one", () => {
  assert.equal(hostMemText(2048, overhead), "3104 MiB (2048 and 1056 for its VMM)");
  assert.equal(hostMemText(2048, NO_MEM_OVERHEAD), "2048 MiB");
});
