import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate } from "node:timers/promises";
import { TenantId } from "@mvm/core";
import { tenantTurns } from "./tenant-turns.ts";

const [A, B] = [TenantId.parse("a"), TenantId.parse("b")];

describe("turns at a tenant's network", () => {
  it("come one after the other, in the order of asking, even after a failure", async () => {
    const turns = tenantTurns();
    const story: string[] = [];
    const work =
      (name: string, fails = false) =>
      async (): Promise<void> => {
        story.push(`${name} begins`);
        await setImmediate();
        story.push(`${name} ends`);
        if (fails) throw new Error(name);
      };
    const first = turns.take(A, work("first", true));
    const second = turns.take(A, work("second"));
    await assert.rejects(first, /first/);
    await second;
    assert.deepEqual(story, ["first begins", "first ends", "second begins", "second ends"]);
  });

  it("do not make one tenant wait for another", async () => {
    const turns = tenantTurns();
    const never = turns.take(A, () => Promise.withResolvers<string>().promise);
    assert.equal(await Promise.race([turns.take(B, async () => "b"), never]), "b");
  });
});
