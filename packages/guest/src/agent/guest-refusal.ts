/**
 * Why the guest does not do what it was asked: becomes the error of a JSON-RPC answer. Thrown by the
 * methods and handlers of the agent inside the guest, caught by its server; the host makes its own
 * catalogued error of it.
 */
import type { RpcErrorCode } from "../protocol/frames.ts";

export class GuestRefusal extends Error {
  override readonly name = "GuestRefusal";
  readonly code: RpcErrorCode;

  constructor(code: RpcErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
