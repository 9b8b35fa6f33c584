/**
 * The guest's mount script, run on the image's own root and tools, with loop devices for its disks,
 * in a mount namespace of its own. A VM for each of these cases would take minutes; that a booted
 * one mounts its drives is shown elsewhere.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { ensureTestImage, requires } from "@mvm/testing";

const run = promisify(execFile);
const OURS = "11111111-2222-4333-8444-555555555555";
const OTHER = "99999999-2222-4333-8444-555555555555";

/** $1: directory for mount points; $2: root image; $3: kernel command line; the rest: disks, from vdb on. */
const BOOT = `
set -eu
dir=$1 image=$2 cmdline=$3
shift 3
root=$dir/root
mount -t erofs -o loop,ro "$image" "$root"
mount -t proc proc "$root/proc"
for place in run data dev etc/mvm-config; do mount -t tmpfs tmpfs "$root/$place"; done
mkdir "$root/run/mvm" "$root/run/secrets"
mknod "$root/dev/null" c 1 3
echo "$cmdline" > "$dir/cmdline"
mount --bind "$dir/cmdline" "$root/proc/cmdline"
loops=
trap 'umount -R "$root"; for loop in $loops; do losetup --detach "$loop"; done' EXIT
letters="b c d e"
for disk in "$@"; do
  loop=$(losetup --find --show "$disk")
  loops="$loops $loop"
  mknod "$root/dev/vd\${letters%% *}" b 7 "\${loop#/dev/loop}"
  letters=\${letters#* }
done
chroot "$root" /usr/lib/mvm/mount-drives > "$dir/said" 2>&1 || true
cat "$root/run/mvm/drives.json"
[ ! -e "$root/data/lost+found" ] || { echo once >> "$root/data/marker"; cat "$root/data/marker"; stat -c %u:%a "$root/data/home" "$root/data"; }
cat "$root/run/secrets/key" "$root/etc/mvm-config/name" 2> /dev/null || true`;

interface Outcome {
  readonly report: unknown;
  readonly rest: string;
}

const skip = await requires("root", "images");

describe("the guest's drives", { skip }, () => {
  let directory: string;
  let image: string;
  let count = 0;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "mvm-drives-"));
    await mkdir(join(directory, "root"));
    image = (await ensureTestImage("minimal")).rootfs;
  });
  after(() => rm(directory, { recursive: true, force: true }));

  async function disk(...mkfs: readonly string[]): Promise<string> {
    count += 1;
    const path = join(directory, `disk${count}`);
    await writeFile(path, "");
    await truncate(path, 32 << 20);
    if (mkfs[0] !== undefined) await run("/usr/sbin/" + mkfs[0], [...mkfs.slice(1), path]);
    return path;
  }
  const ext4 = (label: string, uuid = OTHER, ...more: readonly string[]) =>
    disk("mke2fs", "-q", "-t", "ext4", "-L", label, "-U", uuid, ...more);

  async function small(label: string, file: string): Promise<string> {
    const tree = join(directory, label);
    await mkdir(tree, { recursive: true });
    await writeFile(join(tree, file), `${file} of ${label}\n`);
    return ext4(label, OTHER, "-O", "^has_journal", "-d", tree);
  }

  async function boot(volume: string | null, ...disks: readonly string[]): Promise<Outcome> {
    const cmdline = `console=ttyS0${volume === null ? "" : ` mvm.volume=${volume}`} quiet`;
    const { stdout } = await run("/usr/bin/unshare", [
      "--mount",
      "--propagation",
      "private",
      "sh",
      "-c",
      BOOT,
      "sh",
      directory,
      image,
      cmdline,
      ...disks,
    ]);
    const [report = "", ...rest] = stdout.split("\n");
    return { report: JSON.parse(report), rest: rest.join("\n").trim() };
  }

  const mounted = (data: string, small_ = false) => ({ ok: true, secrets: small_, config: small_, data });

  test("a new volume on a blank disk is formatted once, and keeps its data from then on", async () => {
    const data = await disk();
    const first = await boot(`${OURS},0`, data);
    assert.deepEqual(first.report, mounted("formatted"));
    assert.equal(first.rest, "once\n1000:700\n1000:755");
    // The same generation again: a first boot that was cut short.
    for (const generation of [0, 1]) {
      const again = await boot(`${OURS},${generation}`, data);
      assert.deepEqual(again.report, mounted("mounted"));
      assert.match(again.rest, /^once\nonce\n/);
    }
  });

  test("a volume that grew is filled by its file system at the next boot, and keeps its data", async () => {
    const data = await disk();
    await boot(`${OURS},0`, data);
    await truncate(data, 96 << 20);
    const grown = await boot(`${OURS},1`, data);
    assert.deepEqual(grown.report, mounted("mounted"));
    assert.match(grown.rest, /^once\nonce\n/);
    const { stdout } = await run("/usr/sbin/dumpe2fs", ["-h", data]);
    const [, blocks = "0"] = /^Block count: +(\d+)$/m.exec(stdout) ?? [];
    const [, blockBytes = "0"] = /^Block size: +(\d+)$/m.exec(stdout) ?? [];
    assert.ok(Number(blocks) * Number(blockBytes) > 90 << 20, stdout);
  });

  test("secrets and config are found by their labels, wherever they are attached", async () => {
    const [secrets, config, data] = [
      await small("mvm-secrets", "key"),
      await small("mvm-config", "name"),
      await disk(),
    ];
    const { report, rest } = await boot(`${OURS},0`, config, data, secrets);
    assert.deepEqual(report, mounted("formatted", true));
    assert.match(rest, /key of mvm-secrets\nname of mvm-config$/);
  });

  test("a type without a data drive gets none", async () => {
    assert.deepEqual((await boot(null, await disk())).report, mounted("none"));
  });

  const refusals: Readonly<
    Record<string, readonly [volume: string, disks: () => Promise<readonly string[]>, reason: RegExp]>
  > = {
    "a blank disk where data is expected": [`${OURS},1`, async () => [await disk()], /no disk carries the data/],
    "another volume's data": [`${OURS},1`, async () => [await ext4("mvm-data")], /another volume's data/],
    "another volume's data although the volume is new": [
      `${OURS},0`,
      async () => [await ext4("mvm-data")],
      /another volume's data/,
    ],
    "a foreign file system although the volume is new": [
      `${OURS},0`,
      async () => [await ext4("precious")],
      /not one blank disk/,
    ],
    "a swap signature although the volume is new": [
      `${OURS},0`,
      async () => [await disk("mkswap")],
      /not one blank disk/,
    ],
    "no disk at all": [`${OURS},0`, async () => [], /no disk is attached/],
    "two blank disks": [`${OURS},0`, async () => [await disk(), await disk()], /not one blank disk/],
    "two disks with the label": [
      `${OURS},1`,
      async () => [await ext4("mvm-data", OURS), await ext4("mvm-data", OURS)],
      /several disks/,
    ],
    "our own data beyond repair": [
      `${OURS},1`,
      async () => {
        const data = await ext4("mvm-data", OURS);
        await run("/usr/sbin/debugfs", ["-w", "-R", "clri <2>", data]);
        await run("/usr/sbin/debugfs", ["-w", "-R", "ssv state 2", data]);
        return [data];
      },
      /is damaged/,
    ],
  };
  for (const [what, [volume, disks, reason]] of Object.entries(refusals)) {
    test(`${what} is a failure, and nothing is written`, async () => {
      const attached = await disks();
      const contents = async (): Promise<string> =>
        (await run("/usr/bin/sha256sum", attached.length === 0 ? ["/dev/null"] : [...attached])).stdout;
      const before_ = await contents();
      const { report, rest } = await boot(volume, ...attached);
      assert.ok(
        typeof report === "object" && report !== null && "ok" in report && "drive" in report && "reason" in report,
      );
      assert.deepEqual([report.ok, report.drive], [false, "data"]);
      assert.match(String(report.reason), reason);
      assert.equal(rest, "");
      if (!what.includes("beyond repair")) assert.equal(await contents(), before_);
    });
  }

  test("two drives with the label of secrets are a failure", async () => {
    const { report } = await boot(null, await small("mvm-secrets", "key"), await small("mvm-secrets", "key"));
    assert.deepEqual(report, {
      ok: false,
      drive: "secrets",
      reason: "several disks carry its label: /dev/vdb /dev/vdc",
    });
  });
});
