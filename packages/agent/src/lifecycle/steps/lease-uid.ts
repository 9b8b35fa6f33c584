/**
 * A uid of its own for the VM's process. Held from the first step of a start to the last step of a
 * stop, so that no file, tap or process of one owner can meet the next.
 */
import { MvmError } from "@mvm/core";
import { removal, type Step, type StepContext } from "../step.ts";

export const leaseUid: Step = {
  name: "lease-uid",
  do: lease,
  undo: release,
  isDone: ({ ledger }) => Promise.resolve(ledger.record().uid !== null),
};

export const releaseUid = removal("release-uid", release);

async function lease({ ledger, ports, settings }: StepContext): Promise<void> {
  if (ledger.record().uid !== null) return;
  const [first, last] = settings.uidRange;
  const isHeld = (uid: number): boolean => ports.journal.records().some((record) => record.uid === uid);
  for (let uid = first; uid <= last; uid += 1) {
    if (isHeld(uid) || (await ports.processes.ofUid(uid)).length > 0) continue;
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
