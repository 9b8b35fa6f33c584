import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { exitCodeOf, isMvmError, nodeFiles } from "@mvm/core";
import { claimNamePrefix, type PrefixClaim } from "./prefix-claim.ts";

const runDir = mkdtempSync(join(tmpdir(), "mvm-prefix-"));
after(() => rmSync(runDir, { recursive: true }));

const claim = (namePrefix: string, stateDir: string): Promise<PrefixClaim> =>
  claimNamePrefix({ namePrefix, stateDir, files: nodeFiles, runDir });

describe("the claim of a name prefix", () => {
  it("is one installation's alone, and names it to the other", async () => {
    const first = await claim("mvm", "/var/lib/mvm");
    await assert.rejects(claim("mvm", "/srv/second"), (error) => {
      assert.ok(isMvmError(error, "MVM_NET_PREFIX_TAKEN"));
      assert.equal(exitCodeOf(error), 3);
      assert.match(error.message, /\/var\/lib\/mvm holds the \[network\] name_prefix 'mvm'/);
      assert.match(error.remedy, /name_prefix/);
      return true;
    });
    await (await claim("mvm2", "/srv/second")).release();
    await first.release();
  });

  it("ends with its release", async () => {
    await (await claim("mvm", "/var/lib/mvm")).release();
    await (await claim("mvm", "/srv/second")).release();
  });

  it("holds between processes, and ends with its process", async () => {
    const script = `
      const { nodeFiles } = await import("@mvm/core");
      const { claimNamePrefix } = await import(${JSON.stringify(new URL("prefix-claim.ts", import.meta.url).href)});
      await claimNamePrefix({ namePrefix: "mvm", stateDir: "/srv/killed", files: nodeFiles, runDir: ${JSON.stringify(runDir)} });
      console.log("held");
      setInterval(() => undefined, 1000);`;
    const holder = spawn(process.execPath, ["--input-type=module", "-e", script], {
      cwd: import.meta.dirname,
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      await once(holder.stdout, "data");
      await assert.rejects(claim("mvm", "/srv/second"), { message: /\/srv\/killed holds/ });
    } finally {
      holder.kill("SIGKILL");
      await once(holder, "exit");
    }
    await (await claim("mvm", "/srv/second")).release();
  });
});
