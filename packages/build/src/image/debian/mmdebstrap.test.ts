import assert from "node:assert/strict";
import { test } from "node:test";
import { mmdebstrapProgress, mmdebstrapRequest, parsePackageStatus } from "./mmdebstrap.ts";

const options = {
  format: "tar",
  packages: ["systemd", "git"],
  target: "/build/root.tar",
  workDir: "/work",
  downloadEnv: { http_proxy: "http://proxy:3128" },
  onLine: () => undefined,
} as const;

test("a root is configured on a merged /usr, dated by the project and built in the build's own directory", () => {
  const { argv, env } = mmdebstrapRequest({ ...options, variant: "essential" });
  assert.deepEqual(argv, [
    ...["setpriv", "--pdeathsig=KILL", "unshare", "--mount", "--propagation=private", "--pid", "--mount-proc"],
    ...["--fork", "--kill-child=KILL"],
    ...["mmdebstrap", "--mode=root", "--variant=essential", "--format=tar", "--include=git,systemd"],
    "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr",
    ...["doc", "info", "locale", "man"].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`),
    ...["bookworm", "/build/root.tar"],
  ]);
  assert.deepEqual(env, { http_proxy: "http://proxy:3128", SOURCE_DATE_EPOCH: "1793491200", TMPDIR: "/work" });
});

test("unpacking alone needs no hooks", () => {
  assert.ok(
    !mmdebstrapRequest({ ...options, variant: "extract" }).argv.some((argument) => argument.startsWith("--hook-dir")),
  );
});

test("dpkg's status gives names and versions", () => {
  const status =
    "Package: libc6\nStatus: install ok installed\nVersion: 2.36-9\n\nPackage: git\nDescription: x\n Version: not this\nVersion: 1:2.39.5\n";
  assert.deepEqual(
    [...parsePackageStatus(status)],
    [
      ["libc6", "2.36-9"],
      ["git", "1:2.39.5"],
    ],
  );
});

test("only lines that tell something become progress", () => {
  assert.equal(mmdebstrapProgress("I: downloading packages with apt..."), "downloading packages");
  assert.equal(mmdebstrapProgress("I: using /build/x as tempdir"), null);
  assert.equal(mmdebstrapProgress("Unpacking libc6 ..."), null);
});
