/** Processes of the fake machine: its VMs, each under its uid. */
import type { Processes } from "@mvm/core";
import type { FakeMachine } from "./fake-machine.ts";

export function fakeProcesses(machine: FakeMachine): Processes {
  return {
    spawnDetached: () => Promise.reject(new Error("the fake machine starts VMs only")),
    find: async (pid) => machine.vms.get(pid)?.handle.process ?? null,
    isAlive: async (ref) => machine.find(ref) !== null,
    async signal(ref) {
      const isThere = machine.find(ref) !== null;
      machine.endVm(ref);
      return isThere;
    },
    waitGone: async (ref) => machine.find(ref) === null,
    facts: async () => null,
    ofUid: async (uid) =>
      [...machine.vms.values()].filter(({ handle }) => handle.uid === uid).map(({ handle }) => handle.process),
  };
}
