import assert from "node:assert/strict";
import { test } from "node:test";
import { confinedArgv, inTreeArgv, installScriptArgv } from "./confined.ts";

test("a command inside the tree has its own namespaces, no network among them, and dies with its parent", () => {
  assert.deepEqual(confinedArgv("/base/build", "/build/root", ["node", "x.mjs"]), [
    ...["setpriv", "--pdeathsig=KILL", "unshare", "--mount", "--propagation=private", "--pid", "--mount-proc"],
    ...["--net", "--ipc", "--uts", "--fork", "--kill-child=KILL"],
    ...["sh", "/base/build/enter-tree", "/build/root", "node", "x.mjs"],
  ]);
});

test("an install script runs as the application's user, without privileges to gain and without this host's environment", () => {
  assert.deepEqual(installScriptArgv("/usr/lib/mvm/app/node_modules/x", "node post.mjs && true"), [
    ...["setpriv", "--reuid=1000", "--regid=1000", "--clear-groups", "--no-new-privs"],
    ...["env", "--ignore-environment", "--chdir=/usr/lib/mvm/app/node_modules/x", "PATH=/usr/bin:/bin", "HOME=/tmp"],
    ...["sh", "-c", "node post.mjs && true"],
  ]);
});

test("Debian's tools run in a changed root", () => {
  assert.deepEqual(inTreeArgv("/build/root", ["systemctl", "mask", "x"]), [
    "chroot",
    "/build/root",
    "systemctl",
    "mask",
    "x",
  ]);
});
