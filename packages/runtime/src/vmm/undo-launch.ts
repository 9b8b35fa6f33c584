/**
 * Taking back what a failed launch made, without losing why it failed: the first error decides what the agent
 * does about it and whether it is an alarm. Called by every driver's bring-up.
 */
import { isMvmError, messageOf, MvmError, retold } from "@mvm/core";

/**
 * Runs `undo` and returns what to throw: `error` itself, or, when the undo fails, an error of its code, retry and
 * remedy that also says why the undo failed and knows its details. What has no code, such as an abort's reason,
 * is MVM_VM_DRIVER then, with backoff. Never rejects.
 */
export async function undoLaunch(error: unknown, undo: () => Promise<void>): Promise<unknown> {
  try {
    await undo();
    return error;
  } catch (failure) {
    return withFailedUndo(error, failure);
  }
}

function withFailedUndo(error: unknown, failure: unknown): MvmError {
  const message = `${messageOf(error)}; taking the VM back failed, too: ${messageOf(failure)}`;
  const undoDetails = isMvmError(failure) ? failure.details : {};
  if (!isMvmError(error))
    return new MvmError("MVM_VM_DRIVER", { message, cause: error, retry: "backoff", details: undoDetails });
  return retold(error, { message, details: { ...undoDetails, ...error.details } });
}
