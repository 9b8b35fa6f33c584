import assert from "node:assert/strict";
import { test } from "node:test";
import { InstanceId, MvmError } from "@mvm/core";
import { ofVm } from "./of-vm.ts";

const id = InstanceId.parse("acme-gw-0");

async function thrownFor(error: Error): Promise<unknown> {
  try {
    await ofVm(id, () => Promise.reject(error));
  } catch (thrown) {
    return thrown;
  }
  return assert.fail("nothing was thrown");
}

test("an error says whose it is, and all that it said before", async () => {
  const cause = new Error("why");
  const fields = {
    message: "Firecracker ended",
    remedy: "Look.",
    retry: "backoff",
    cause,
    details: { pid: 7 },
  } as const;
  const thrown = await thrownFor(new MvmError("MVM_VM_DRIVER", fields));
  assert.ok(thrown instanceof MvmError);
  assert.equal(thrown.message, "acme-gw-0: Firecracker ended");
  assert.deepEqual(thrown.details, { pid: 7, instance: id });
  assert.deepEqual(
    [thrown.code, thrown.remedy, thrown.retry, thrown.cause],
    ["MVM_VM_DRIVER", "Look.", "backoff", cause],
  );
});

test("one that names the VM says it once; what is no error of the product, such as an abort's reason, stays itself", async () => {
  const named = await thrownFor(new MvmError("MVM_VM_DRIVER", { message: "acme-gw-0 is not paused" }));
  assert.equal(named instanceof Error && named.message, "acme-gw-0 is not paused");
  const reason = new Error("a newer intent");
  assert.equal(await thrownFor(reason), reason);
  assert.equal(await ofVm(id, () => Promise.resolve("up")), "up");
});
