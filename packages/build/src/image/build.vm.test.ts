/**
 * Real builds: from Debian's packages and npm's, as root, with network. One cold build, shared by
 * all cases; what follows works from the parts that it left.
 */
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline/promises";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { ProfileDeclaration, isMvmError, nodeClock, nodeFiles, type ImageManifest } from "@mvm/core";
import { createLinuxCommands, requires } from "@mvm/testing";
import * as z from "zod";
import { buildImage } from "./build-image.ts";
import type { BuildImageRequest } from "./build-request.ts";
import { createBuildLock } from "./host/build-lock.ts";
import { BASE_UNITS } from "./root/base-tree.ts";
import { openImageCatalog } from "./store/image-catalog.ts";
import { verifyImage } from "./store/verify-image.ts";

const run = promisify(execFile);
const PROJECT = resolve(import.meta.dirname, "../../../..");
const MAX_CACHED_MS = 5000;
/** A small package without dependencies that the project's own lock holds. */
const PACKAGE = "smol-toml";

const ProjectLock = z.object({ packages: z.record(z.string(), z.looseObject({ version: z.string().optional() })) });

/** Command lines of the processes that name a path. */
async function processesNaming(path: string): Promise<readonly string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
  return lines.map((line) => line.replaceAll("\0", " ")).filter((line) => line.includes(path));
}

const skip = await requires("root", "images");

describe("image builds", { skip }, () => {
  const ports = { commands: createLinuxCommands(), files: nodeFiles, lock: createBuildLock(nodeClock) };
  let directory: string;
  let imagesDir: string;
  let baseDir: string;
  let guestAgentPath: string;
  let cold: ImageManifest;

  const profile = (debian: object = {}, more: object = {}): ProfileDeclaration =>
    ProfileDeclaration.parse({
      description: "test",
      min_mem_mib: 64,
      defaults: { vcpus: 1, mem_mib: 64, data_mib: 16 },
      debian,
      ...more,
    });
  const build = (changes: Partial<BuildImageRequest> = {}) =>
    buildImage({ imagesDir, baseDir, guestAgentPath, profileName: "test", profile: profile(), ...changes }, ports);
  const blobPath = (manifest: ImageManifest, name: "rootfs" | "kernel" | "vmlinux" | "initrd"): string =>
    join(imagesDir, manifest.artifacts[name].file);
  const forget = (manifest: ImageManifest) => rm(join(imagesDir, "inputs", manifest.input_hash));
  /** The root file system, unpacked by erofs' own tool. */
  const unpacked = async (manifest: ImageManifest): Promise<string> => {
    const tree = await mkdtemp(join(directory, "unpacked-"));
    await run("/usr/bin/fsck.erofs", ["--overwrite", `--extract=${tree}`, blobPath(manifest, "rootfs")]);
    return tree;
  };

  before(async () => {
    directory = await mkdtemp(join("/var/tmp", "mvm-build-"));
    [imagesDir, baseDir, guestAgentPath] = [
      join(directory, "images"),
      join(directory, "base"),
      join(directory, "guest-agent.mjs"),
    ];
    await cp(join(PROJECT, "microvms/base"), baseDir, { recursive: true, verbatimSymlinks: true });
    await writeFile(guestAgentPath, "// an agent\n");
    const built = await build();
    assert.equal(built.cached, false);
    cold = built.manifest;
  });
  after(() => rm(directory, { recursive: true, force: true }));

  test("a cold build gives kernel, initrd and root, and says what they are made of", async () => {
    await verifyImage(imagesDir, cold, nodeFiles);
    assert.equal((await readFile(blobPath(cold, "vmlinux"))).toString("latin1", 0, 4), "\x7fELF");
    assert.equal((await readFile(blobPath(cold, "initrd"))).toString("latin1", 0, 6), "070701");
    assert.match(cold.kernel_version, /^\d+\.\d+\.\d+-\d+/);
    assert.ok(cold.packages.some((name) => name.startsWith("systemd=")) && cold.npm_lock_sha256 === null);
    const tree = await unpacked(cold);
    assert.equal(await readFile(join(tree, "usr/lib/mvm/guest-agent.mjs"), "utf8"), "// an agent\n");
    assert.match(await readFile(join(tree, "etc/passwd"), "utf8"), /^app:x:1000:1000:[^:]*:\/data\/home:/m);
    assert.match(await readFile(join(tree, "etc/passwd"), "utf8"), /^root:\*:/m);
    assert.equal(await readFile(join(tree, "etc/machine-id"), "utf8"), "");
    assert.deepEqual(
      await readdir(join(tree, "etc/systemd/system/multi-user.target.wants")),
      BASE_UNITS.filter((unit) => !unit.endsWith(".mount")).toSorted(),
    );
    await assert.rejects(() => readFile(join(tree, "usr/sbin/sshd")), { code: "ENOENT" });
  });

  test("the second build of the same inputs is a hit", async () => {
    const start = performance.now();
    const { manifest, cached } = await build();
    assert.deepEqual({ cached, manifest }, { cached: true, manifest: cold });
    assert.ok(performance.now() - start < MAX_CACHED_MS);
  });

  test("built again from nothing kept, the same inputs give the same bytes", async () => {
    const { manifest, cached } = await build({ refresh: true });
    assert.deepEqual({ cached, manifest }, { cached: false, manifest: cold });
  });

  test("of two builds at once one works and the other waits for it", async () => {
    await forget(cold);
    const waited: string[] = [];
    const both = await Promise.all([build(), build({ onProgress: (step) => waited.push(step) })]);
    assert.equal(both.filter(({ cached }) => cached).length, 1);
    assert.ok(waited.includes("wait") || !both[1].cached);
  });

  test("a changed file of the base makes another image", async () => {
    await writeFile(join(baseDir, "files/etc/hostname"), "other\n");
    const { manifest, cached } = await build();
    assert.equal(cached, false);
    assert.notEqual(manifest.revision, cold.revision);
    assert.equal(manifest.artifacts.kernel.sha256, cold.artifacts.kernel.sha256);
    await cp(join(PROJECT, "microvms/base/files/etc/hostname"), join(baseDir, "files/etc/hostname"));
  });

  test("a corrupted image is refused, and built anew", async () => {
    const rootfs = blobPath(cold, "rootfs");
    const bytes = await readFile(rootfs);
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
    await rm(rootfs);
    await writeFile(rootfs, bytes);
    await assert.rejects(
      () => verifyImage(imagesDir, cold, nodeFiles),
      (error) => isMvmError(error, "MVM_IMAGE_CORRUPTED"),
    );
    assert.equal((await build()).cached, false);
    await verifyImage(imagesDir, cold, nodeFiles);
  });

  describe("with npm packages", () => {
    const patch = {
      reason: "shown by a test",
      package: PACKAGE,
      version: "",
      files: "dist/*.js",
      expect: "",
      replace: "/* patched */",
      count: 1,
    };
    let npm: string;
    before(async () => {
      npm = join(directory, "npm");
      await mkdir(npm);
      const lock = ProjectLock.parse(JSON.parse(await readFile(join(PROJECT, "package-lock.json"), "utf8")));
      const locked = lock.packages[`node_modules/${PACKAGE}`];
      assert.ok(locked?.version !== undefined);
      const project = { name: "probe", version: "1.0.0", dependencies: { [PACKAGE]: locked.version } };
      const packages = { "": project, [`node_modules/${PACKAGE}`]: locked };
      await writeFile(join(npm, "package.json"), JSON.stringify(project));
      await writeFile(
        join(npm, "package-lock.json"),
        JSON.stringify({ ...project, lockfileVersion: 3, requires: true, packages }),
      );
      const source = await readFile(join(PROJECT, "node_modules", PACKAGE, "dist/index.js"), "utf8");
      Object.assign(patch, { version: locked.version, expect: source.trim().split("\n").at(-1) });
    });
    const withPatch = (changes: object = {}) =>
      build({ profileName: "patched", profile: profile({ npm }, { patches: [{ ...patch, ...changes }] }) });

    for (const [what, changes] of [
      ["whose text is found less often than declared", { count: 2 }],
      ["for another version", { version: "0.0.1" }],
      ["of a package that is not installed", { package: "left-pad" }],
    ] as const) {
      test(`a patch ${what} is refused, and no image comes of it`, async () => {
        await assert.rejects(
          () => withPatch(changes),
          (error) => isMvmError(error, "MVM_IMAGE_PATCH_MISMATCH"),
        );
        assert.equal(await openImageCatalog(imagesDir, nodeFiles).newest("any", "patched"), null);
        assert.deepEqual(await readdir(join(imagesDir, "work")), []);
      });
    }

    test("a patch that fits is applied and named in the manifest", async () => {
      const { manifest } = await withPatch();
      assert.deepEqual(manifest.patches, [
        { package: PACKAGE, version: patch.version, files: ["dist/index.js"], count: 1, reason: patch.reason },
      ]);
      assert.match(manifest.npm_lock_sha256 ?? "", /^[0-9a-f]{64}$/);
    });

    test("warm runs that never get ready fail with what the application printed", async () => {
      const warm = {
        command: ["/bin/sh", "-c", "echo cannot start; exit 3"],
        ready_output: "ready",
        runs: 1,
        timeout_seconds: 20,
        cache_from: "/data/tmp/cache",
        cache_to: "/usr/lib/mvm/cache",
      };
      await assert.rejects(
        () => build({ profileName: "warmed", profile: profile({}, { warm }) }),
        (error) =>
          isMvmError(error, "MVM_IMAGE_BUILD_FAILED") && JSON.stringify(error.details).includes("cannot start"),
      );
    });

    test("warm runs have no network and no privileges, and leave their cache in the image and nothing else", async () => {
      const command =
        "mkdir -p /data/tmp/cache; id -u > /data/tmp/cache/uid; grep -o '[a-z0-9]*:' /proc/net/dev > /data/tmp/cache/net; echo started; exec sleep 60";
      const warm = {
        command: ["/bin/sh", "-c", command],
        env: { PATH: "/usr/bin:/bin" },
        ready_output: "started",
        runs: 1,
        timeout_seconds: 20,
        cache_from: "/data/tmp/cache",
        cache_to: "/usr/lib/mvm/cache",
      };
      const { manifest } = await build({ profileName: "warmed", profile: profile({}, { warm }) });
      const tree = await unpacked(manifest);
      assert.equal(await readFile(join(tree, "usr/lib/mvm/cache/uid"), "utf8"), "1000\n");
      assert.equal(await readFile(join(tree, "usr/lib/mvm/cache/net"), "utf8"), "lo:\n");
      for (const place of ["data", "tmp", "var/tmp", "etc/mvm-config"])
        assert.deepEqual(await readdir(join(tree, place)), []);
    });
  });

  test("a build that is stopped midway leaves no image and no work", async () => {
    const stop = new AbortController();
    const stopping = build({
      profileName: "stopped",
      onProgress: (step) => step === "pack" && stop.abort(new Error("stopped")),
      signal: stop.signal,
    });
    await assert.rejects(stopping, /stopped/);
    assert.equal(await openImageCatalog(imagesDir, nodeFiles).newest("any", "stopped"), null);
    assert.deepEqual(await readdir(join(imagesDir, "work")), []);
  });

  test("a build that is killed with -9 takes all of its commands with it, and the next one works", async () => {
    const program = `
      import { ProfileDeclaration, nodeClock, nodeFiles } from "@mvm/core";
      import { createLinuxCommands } from "@mvm/testing";
      import { buildImage } from "./build-image.ts";
      import { createBuildLock } from "./host/build-lock.ts";
      const request = JSON.parse(process.argv[1]);
      const ports = { commands: createLinuxCommands(), files: nodeFiles, lock: createBuildLock(nodeClock) };
      const onProgress = (step, detail) => process.stdout.write(detail + "\\n");
      await buildImage({ ...request, profile: ProfileDeclaration.parse(request.profile), onProgress }, ports);`;
    const request = {
      imagesDir,
      baseDir,
      guestAgentPath,
      profileName: "killed",
      profile: profile({ packages: ["hello"] }),
    };
    const child = spawn(process.execPath, ["--input-type=module", "--eval", program, JSON.stringify(request)], {
      cwd: import.meta.dirname,
      stdio: ["ignore", "pipe", "inherit"],
    });
    for await (const line of createInterface(child.stdout)) if (line.startsWith("configuring")) break;
    child.kill("SIGKILL");
    await once(child, "exit");
    await nodeClock.sleep(2000);
    assert.deepEqual(await processesNaming(join(imagesDir, "work")), []);
    assert.equal(await openImageCatalog(imagesDir, nodeFiles).newest("any", "killed"), null);
    assert.equal((await build({ profileName: "after" })).cached, false);
    assert.deepEqual(await readdir(join(imagesDir, "work")), []);
  });

  test("no mount and no file of a build is left on the host", async () => {
    assert.ok(!(await readFile("/proc/self/mountinfo", "utf8")).includes(directory));
    assert.deepEqual(
      (await readdir(tmpdir())).filter((name) => name.startsWith("mmdebstrap.")),
      [],
    );
  });
});
