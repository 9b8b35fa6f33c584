/** Why there are no logs of an instance now, and where to look instead. Pure. */
import { isMvmError, MvmError, timeText, type InstanceStatus } from "@mvm/core";

/** Nobody is there to be asked. */
export function noGuestLogs(status: InstanceStatus, hasConsole: boolean): MvmError {
  const id = status.instance_id;
  const remedy = hasConsole ? `See what its last VM printed: ${consoleCommand(id)}.` : whyNot(id);
  return refusal(status, "logs are the guest's own and go with its VM", remedy);
}

/** No VM runs, and none ended here that printed anything. */
export function noConsole(status: InstanceStatus): MvmError {
  return refusal(status, "no VM of it runs, and no console of an earlier one was kept", whyNot(status.instance_id));
}

/** A guest that does not answer is heard on its console. */
export function withWayOut(error: unknown, { instance_id: id, state }: InstanceStatus): unknown {
  if (!isMvmError(error, "MVM_GUEST_UNREACHABLE") && !isMvmError(error, "MVM_GUEST_TIMEOUT")) return error;
  const message = state === "starting" ? `${id} is starting and does not answer yet` : error.message;
  return new MvmError(error.code, {
    message,
    remedy: `See what its VM prints: ${consoleCommand(id)}.`,
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

const whyNot = (id: string): string => `See mvm instance show ${id} for why it does not run.`;
const consoleCommand = (id: string): string => `mvm instance logs ${id} --console`;
