/**
 * A uid of its own for the VM's process. Held from the first step of a start to the last step of a
 * stop. No file, tap or process of one owner meets the next: what a stop takes away bears the uid until
 * then, and a uid that still owns anything in an instance's directories or jail is passed over.
 */
import { join } from "node:path";
import { MvmError, type Files } from "@mvm/core";
import { vmJailsDir } from "@mvm/runtime";
import { nodePaths } from "../../node-paths.ts";
import { oneWay, type Step, type StepContext } from "../step.ts";

/** Below an instance's directory; the deepest is a jail's: `root/dev/net/tun`. */
const LEVELS = 4;

export const leaseUid: Step = {
  name: "lease-uid",
  do: lease,
  undo: release,
  isDone: ({ ledger }) => Promise.resolve(ledger.record().uid !== null),
};

export const releaseUid = oneWay("release-uid", release);

async function lease(context: StepContext): Promise<void> {
  const { ledger, ports, settings } = context;
  if (ledger.record().uid !== null) return;
  const [first, last] = settings.uidRange;
  const owning = await uidsOfLeftFiles(context);
  const isHeld = (uid: number): boolean => ports.journal.records().some((record) => record.uid === uid);
  for (let uid = first; uid <= last; uid += 1) {
    if (isHeld(uid) || owning.has(uid) || (await ports.processes.ofUid(uid)).length > 0) continue;
    // Somebody else may have taken it during the look; from here to the write nothing waits.
    if (isHeld(uid)) continue;
    ledger.note({ uid });
    ledger.save();
    return;
  }
  throw new MvmError("MVM_HOST_UNSUPPORTED", {
    message: `no uid of ${first} to ${last} is free for ${ledger.record().instance_id}`,
    remedy: "Widen [node] uid_range in mvm.toml.",
    retry: "backoff",
  });
}

/**
 * Owners, users and groups, of what lies in directories of instances that hold no uid; those that do hold one
 * are at work. A VM's uid is its gid too, and a jail's links and device nodes may be its group's alone.
 */
async function uidsOfLeftFiles({ ports: { files, journal }, settings }: StepContext): Promise<ReadonlySet<number>> {
  const { instancesDir, vmsDir, secretsDir, jailsDir } = nodePaths(settings);
  const working = new Set<string>(
    journal.records().flatMap(({ uid, instance_id }) => (uid === null ? [] : [instance_id])),
  );
  const owners = new Set<number>();
  for (const dir of [instancesDir, vmsDir, secretsDir, vmJailsDir(jailsDir)]) {
    for (const id of await files.list(dir)) {
      if (working.has(id)) continue;
      for (const owner of await ownersOf(files, join(dir, id), LEVELS)) owners.add(owner);
    }
  }
  return owners;
}

/** Of a path and, where it is a directory, of what lies in it down to so many levels. */
async function ownersOf(files: Pick<Files, "list" | "stat">, path: string, levels: number): Promise<readonly number[]> {
  const facts = await files.stat(path);
  if (facts === null) return [];
  const names = facts.kind === "directory" && levels > 0 ? await files.list(path) : [];
  const within = await Promise.all(names.map((name) => ownersOf(files, join(path, name), levels - 1)));
  return [facts.uid, facts.gid, ...within.flat()];
}

async function release({ ledger, ports }: StepContext): Promise<void> {
  const { uid, instance_id } = ledger.record();
  if (uid === null) return;
  const left = await ports.processes.ofUid(uid);
  if (left.length > 0) {
    throw new MvmError("MVM_VM_DRIVER", {
      message: `uid ${uid} of ${instance_id} can't be released: process ${left.map(({ pid }) => pid).join(", ")} still runs as it`,
      retry: "backoff",
    });
  }
  ledger.note({ uid: null });
}
