/**
 * How a worker is introduced to its gateway: the gateway's guest mints an offer, the host carries
 * it to the worker's guest. It is a credential (single use, minutes): it travels over the guest
 * channels only and must never be logged or stored by the host.
 */
import * as z from "zod";

/** SHA-256 of the gateway's TLS certificate, 64 hexadecimal digits. */
export const TlsFingerprint = z.string().regex(/^[0-9a-f]{64}$/);

export const PairingOffer = z.object({
  setup_code: z
    .string()
    .min(1)
    .max(4096)
    .regex(/^[A-Za-z0-9_-]+$/),
  url: z
    .string()
    .max(200)
    .regex(/^wss:\/\/[0-9.]+:[0-9]{1,5}$/),
  tls_fingerprint: TlsFingerprint,
  /** ISO 8601, UTC. */
  expires_at: z.iso.datetime(),
});
export type PairingOffer = z.infer<typeof PairingOffer>;
