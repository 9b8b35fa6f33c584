import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { debianRootArgv, hostImageKey, hostPackages } from "./debian-host.ts";

test("the lab host has what mvm asks for, each package once", () => {
  const list: unknown = JSON.parse(readFileSync(join(import.meta.dirname, "../../debian-packages.json"), "utf8"));
  const product = Object.keys(list ?? {});
  const packages = hostPackages(product);
  assert.deepEqual(
    product.filter((name) => !packages.includes(name)),
    [],
  );
  assert.equal(new Set(packages).size, packages.length);
  assert.ok(packages.includes("openssh-server"));
});

test("another list of packages is another image", () => {
  assert.equal(hostImageKey(["a", "b"]), hostImageKey(["a", "b"]));
  assert.notEqual(hostImageKey(["a", "b"]), hostImageKey(["a", "c"]));
});

test("the root comes from Debian's own mirrors, as this host is set up for them, and leaves no mount", () => {
  const argv = debianRootArgv(["systemd"], "/tmp/root");
  assert.deepEqual(argv.slice(-2), ["bookworm", "/tmp/root"]);
  assert.ok(argv.indexOf("--mount") < argv.indexOf("mmdebstrap"), "its mounts are its own");
});
