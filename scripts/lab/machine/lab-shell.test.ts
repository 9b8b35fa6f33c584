import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";

import { quotedWord, sshArgv } from "./lab-shell.ts";

test("the lab host is entered with the keys made for it, and nothing of the user's own configuration", () => {
  const argv = sshArgv({ sshPort: 2222, clientKeyPath: "/lab/key", knownHostsPath: "/lab/known" }, "true");
  assert.deepEqual(argv.slice(0, 3), ["ssh", "-F", "none"]);
  assert.ok(argv.includes("StrictHostKeyChecking=yes") && argv.includes("UserKnownHostsFile=/lab/known"));
  assert.deepEqual(argv.slice(-2), ["root@127.0.0.1", "true"]);
});

test("a quoted text is one word of a shell's line, whatever it holds", () => {
  const text = `it's "$HOME" \\ \`id\`\n`;
  assert.equal(execFileSync("sh", ["-c", `printf %s ${quotedWord(text)}`], { encoding: "utf8" }), text);
});
