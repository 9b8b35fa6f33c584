/** The catalogued errors of the guest channel, made in one place so that each says the same things. */
import { MvmError, isMvmError } from "@mvm/core";
import { rpcErrors, type RpcError } from "../protocol/frames.ts";

export interface GuestCall {
  /** Who is asked, for messages: an instance id. */
  readonly guest: string;
  readonly method: string;
}

export function protocolBroken(call: GuestCall, fact: string, cause?: unknown): MvmError {
  return new MvmError("MVM_GUEST_PROTOCOL", {
    message: `${call.guest} broke the guest channel's protocol while asked for ${call.method}: ${fact}`,
    cause,
    details: { guest: call.guest, method: call.method },
  });
}

export function deadlinePassed(call: GuestCall, timeoutMs: number): MvmError {
  return new MvmError("MVM_GUEST_TIMEOUT", {
    message: `${call.guest} did not answer ${call.method} within ${timeoutMs} ms`,
    retry: "backoff",
    details: { guest: call.guest, method: call.method, timeout_ms: timeoutMs },
  });
}

export function unreachable(call: GuestCall, cause: unknown): MvmError {
  if (isMvmError(cause)) return cause;
  return new MvmError("MVM_GUEST_UNREACHABLE", {
    message: `the guest channel of ${call.guest} can't be used for ${call.method}`,
    cause,
    retry: "backoff",
    details: { guest: call.guest, method: call.method },
  });
}

/** The guest's own refusal. Its message is the guest's words, capped by the frame's schema. */
export function refusedByGuest(call: GuestCall, error: RpcError): MvmError {
  const passing = error.code === rpcErrors.busy || error.code === rpcErrors.notReady;
  return new MvmError("MVM_GUEST_REFUSED", {
    message: `${call.guest} refused ${call.method}: ${error.message}`,
    retry: passing ? "backoff" : "never",
    details: { guest: call.guest, method: call.method, rpc_code: error.code },
  });
}
