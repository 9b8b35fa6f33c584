/**
 * Takes away what a test made on the host when the test itself no longer can, because it was
 * interrupted or killed: a process of its own that waits for its standard input to end, which it does
 * however the test ends, and then removes all that carries the test's names. After a test that cleaned
 * up it finds nothing; it never replaces the test's own look at what was left.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, rm } from "node:fs/promises";
import type { Socket } from "node:net";
import { text } from "node:stream/consumers";
import * as z from "zod";
import { type HostProcess, outputLines, processes } from "./host-state.ts";

const TestThings = z.object({
  /** Absolute; every process whose arguments name one of them is the test's. */
  dirs: z.array(z.string().startsWith("/").min(5)),
  /** Beginning of the names of its namespaces, links and nft tables, or the whole name. */
  namePrefix: z.string().regex(/^[a-z0-9-]{2,}$/),
  /** First and last of uids that only its processes have. */
  uids: z.tuple([z.int().min(100_000), z.int()]).optional(),
});
export type TestThings = z.infer<typeof TestThings>;

export interface Caretaker {
  /** Lets it do its work now, and resolves when it is done. */
  close(): Promise<void>;
}

/** Stands by until `close`, or until this process has ended in whatever way. */
export function startCaretaker(things: TestThings): Caretaker {
  // Detached: Ctrl-C is for the tests. Its arguments must not name the directories.
  const child = spawn(process.execPath, [import.meta.filename], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  const gone = once(child, "exit");
  child.stdin.write(`${JSON.stringify(things)}\n`);
  letGo(child);
  return {
    async close() {
      child.ref();
      child.stdin.end();
      await gone;
    },
  };
}

/** A test that is done need not wait for it. */
function letGo(child: ChildProcess): void {
  child.unref();
  (child.stdin as Socket).unref();
}

async function removeAll({ dirs, namePrefix, uids }: TestThings): Promise<void> {
  const isOwn = (name: string): boolean => name === namePrefix || /^[-_u]/.test(name.slice(namePrefix.length));
  const own = (names: readonly string[]): readonly string[] =>
    names.filter((name) => name.startsWith(namePrefix) && isOwn(name));

  await killAll(({ argv, uids: [uid = 0] }) => {
    const isOfUids = uids !== undefined && uid >= uids[0] && uid <= uids[1];
    return isOfUids || dirs.some((dir) => argv.includes(dir));
  });
  const namespaces = (await outputLines("ip", "netns", "list")).map((line) => line.split(" ")[0] ?? "");
  for (const name of own(namespaces)) {
    for (const pid of await outputLines("ip", "netns", "pids", name)) kill(Number(pid));
    await outputLines("ip", "netns", "delete", name);
  }
  for (const name of own(await linkNames())) await outputLines("ip", "link", "delete", name).catch(() => []);
  for (const line of await outputLines("nft", "list", "tables")) {
    const [, family = "", name = ""] = line.split(" ");
    if (own([name]).length > 0) await outputLines("nft", "delete", "table", family, name);
  }
  const mounts = (await readFile("/proc/mounts", "utf8")).split("\n").map((line) => line.split(" ")[1] ?? "");
  for (const mount of mounts.toReversed())
    if (dirs.some((dir) => mount === dir || mount.startsWith(`${dir}/`))) await outputLines("umount", "--lazy", mount);
  // An agent's claim of the prefix, which outlives agents.
  for (const path of [...dirs, `/run/mvm-prefix-${namePrefix}.lock`]) await rm(path, { recursive: true, force: true });
}

/** Until there are none: a server may have been starting another when it was killed. */
async function killAll(isTheirs: (process: HostProcess) => boolean): Promise<void> {
  for (;;) {
    const found = (await processes()).filter(isTheirs);
    if (found.length === 0) return;
    for (const { pid } of found) kill(pid);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}

async function linkNames(): Promise<readonly string[]> {
  const lines = await outputLines("ip", "-o", "link");
  return lines.map((line) => /^\d+: ([^:@]+)/.exec(line)?.[1] ?? "");
}

if (import.meta.main) await removeAll(TestThings.parse(JSON.parse(await text(process.stdin))));
