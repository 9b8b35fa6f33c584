/**
 * Whether a VMM's process is confined as this driver promises. Pure; called with the facts of the
 * process before the guest's first instruction.
 */
import { MvmError, type ProcessFacts } from "@mvm/core";
import type { Confinement } from "../driver.ts";

export interface PromisedConfinement {
  readonly uid: number;
  /** Such as `net:[4026532001]`. */
  readonly netNamespace: string;
}

/** What was seen of a VMM's process. */
export interface SeenProcess {
  readonly facts: ProcessFacts;
  /** What lies in its root directory. */
  readonly rootEntries: readonly string[];
}

/** What Firecracker's jailer gives and this driver never does: relaxations of a development host. */
const NEVER_GIVEN = [
  "no cgroup: memory, processor time and threads of the VMM have no limits",
  "no pid, mount or user namespace of its own",
] as const;

const SECCOMP_FILTER = 2;

/** @throws MvmError MVM_VM_CONFINEMENT naming each promise that is not kept */
export function checkConfinement({ facts, rootEntries }: SeenProcess, promised: PromisedConfinement): Confinement {
  const { uid } = promised;
  const only = (ids: readonly number[]): boolean => ids.every((id) => id === uid);
  const none = (mask: string): boolean => /^0+$/.test(mask);
  const promises: readonly (readonly [kept: boolean, promise: string])[] = [
    [uid > 0 && only(facts.uids) && only(facts.gids), `it runs as uid and gid ${uid}, which no other VM has`],
    [only(facts.groups), "it has no other groups"],
    [none(facts.capEffective) && none(facts.capPermitted), "it has no capabilities"],
    [facts.noNewPrivs, "it can't gain privileges"],
    [facts.seccomp === SECCOMP_FILTER, "the system calls of each of its threads are filtered"],
    [facts.netNamespace === promised.netNamespace, "it is in its tenant's network namespace"],
    [facts.rootDir !== "/" && rootEntries.length === 0, "it sees an empty root directory"],
  ];
  const broken = promises.filter(([kept]) => !kept).map(([, promise]) => promise);
  if (broken.length > 0) {
    const { uids, gids, groups, capEffective, capPermitted, noNewPrivs, seccomp, netNamespace, rootDir } = facts;
    throw new MvmError("MVM_VM_CONFINEMENT", {
      message: `the VMM's process is not confined: it is not so that ${broken.join("; ")}`,
      details: {
        broken,
        promised,
        found: { uids, gids, groups, capEffective, capPermitted, noNewPrivs, seccomp, netNamespace, rootDir },
      },
    });
  }
  return { kept: promises.map(([, promise]) => promise), missing: NEVER_GIVEN };
}
