/**
 * Sealing of small values: AES-256-GCM under a 32-byte key, bound to a context, so that a sealed
 * value can't be moved to another tenant, instance or name.
 *
 * Form: base64 of `version (1) ‖ nonce (12) ‖ tag (16) ‖ ciphertext`.
 */
import { createCipheriv, createDecipheriv } from "node:crypto";
import { MvmError } from "../errors/mvm-error.ts";
import type { SecretName, TenantId } from "../ids.ts";
import type { Random } from "../ports/random.ts";
import { Secret } from "../secret.ts";

const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export interface SealRequest {
  readonly key: Secret;
  /** What the value is and whose, such as `tenant/acme/secret/model.key`. */
  readonly context: string;
}

/** The context of a tenant's secret: where the coordinator seals and its node's agent opens. */
export function secretContext(tenant: TenantId, name: SecretName): string {
  return `tenant/${tenant}/secret/${name}`;
}

/** Seals `value` for `context`. */
export function seal(value: Secret, request: SealRequest, random: Random): string {
  const nonce = random.bytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", request.key.reveal(), nonce);
  cipher.setAAD(Buffer.from(request.context));
  const text = Buffer.concat([cipher.update(value.reveal()), cipher.final()]);
  return Buffer.concat([Buffer.of(VERSION), nonce, cipher.getAuthTag(), text]).toString("base64");
}

/**
 * Opens a sealed value.
 * @throws MvmError MVM_KEY_UNSEAL_FAILED when it was changed, or sealed under another key or context
 */
export function unseal(sealed: string, request: SealRequest): Secret {
  const data = Buffer.from(sealed, "base64");
  const textAt = 1 + NONCE_BYTES + TAG_BYTES;
  try {
    if (data.length < textAt || data[0] !== VERSION) throw new Error("not a sealed value");
    const decipher = createDecipheriv("aes-256-gcm", request.key.reveal(), data.subarray(1, 1 + NONCE_BYTES));
    decipher.setAAD(Buffer.from(request.context));
    decipher.setAuthTag(data.subarray(1 + NONCE_BYTES, textAt));
    return new Secret(Buffer.concat([decipher.update(data.subarray(textAt)), decipher.final()]));
  } catch (cause) {
    throw new MvmError("MVM_KEY_UNSEAL_FAILED", {
      message: `can't open the sealed value of ${request.context}`,
      cause,
    });
  }
}
