/** Why there are no logs of an instance now, and where to look instead. Pure. */
import { isMvmError, MvmError, timeText, type InstanceStatus } from "@mvm/core";
import type { OutputTail } from "@mvm/runtime";

/** Nobody is there to be asked. */
export function noGuestLogs(status: InstanceStatus, kept: OutputTail["source"] | null): MvmError {
  const id = status.instance_id;
  const remedy = kept === null ? whyNot(id) : `See ${lastWords[kept]}: ${consoleCommand(id)}.`;
  return refusal(status, "logs are the guest's own and go with its VM", remedy);
}

/** No VM runs, and none ended here that said anything. */
export function noOutput(status: InstanceStatus): MvmError {
  return refusal(status, "no VM of it runs, and nothing was kept of an earlier one", whyNot(status.instance_id));
}

/** A guest that does not answer may be heard otherwise. */
export function withWayOut(error: unknown, { instance_id: id, state }: InstanceStatus): unknown {
  if (!isMvmError(error, "MVM_GUEST_UNREACHABLE") && !isMvmError(error, "MVM_GUEST_TIMEOUT")) return error;
  const message = state === "starting" ? `${id} is starting and does not answer yet` : error.message;
  return new MvmError(error.code, {
    message,
    remedy: `See its console, or where it has none its VMM's log: ${consoleCommand(id)}.`,
    retry: error.retry,
    details: error.details,
    cause: error.cause,
  });
}

function refusal({ instance_id: id, state, entered_at: since }: InstanceStatus, why: string, remedy: string): MvmError {
  return new MvmError("MVM_STATE_INVALID_TRANSITION", {
    message: `${id} is ${state} since ${timeText(since)}: ${why}`,
    remedy,
    details: { instance: id, state, since },
  });
}

const lastWords: Readonly<Record<OutputTail["source"], string>> = {
  "guest-console": "what its last VM's guest printed",
  "vmm-log": "what its last VM's VMM logged",
};
const whyNot = (id: string): string => `See mvm instance show ${id} for why it does not run.`;
const consoleCommand = (id: string): string => `mvm instance logs ${id} --console`;
