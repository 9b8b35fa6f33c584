/**
 * A uid of its own for the VM's process. Held from the first step of a start to the last step of a
 * stop. No file, tap or process of one owner meets the next: what a stop takes away bears the uid until
 * then, and a uid that still owns anything in an instance's directories is passed over.
 */
import { join } from "node:path";
import { MvmError } from "@mvm/core";
import { nodePaths } from "../../node-paths.ts";
import { removal, type Step, type StepContext } from "../step.ts";

export const leaseUid: Step = {
  name: "lease-uid",
  do: lease,
  undo: release,
  isDone: ({ ledger }) => Promise.resolve(ledger.record().uid !== null),
};

export const releaseUid = removal("release-uid", release);

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

/** Owners of what lies in directories of instances that hold no uid; those that do hold one are at work. */
async function uidsOfLeftFiles({ ports: { files, journal }, settings }: StepContext): Promise<ReadonlySet<number>> {
  const { instancesDir, vmsDir, secretsDir } = nodePaths(settings);
  const working = new Set<string>(
    journal.records().flatMap(({ uid, instance_id }) => (uid === null ? [] : [instance_id])),
  );
  const owners = new Set<number>();
  for (const dir of [instancesDir, vmsDir, secretsDir]) {
    for (const id of await files.list(dir)) {
      const facts = working.has(id) ? null : await files.stat(join(dir, id));
      if (facts?.kind !== "directory") continue;
      for (const name of await files.list(join(dir, id))) {
        const owner = (await files.stat(join(dir, id, name)))?.uid;
        if (owner !== undefined) owners.add(owner);
      }
    }
  }
  return owners;
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
