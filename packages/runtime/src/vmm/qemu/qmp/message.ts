/**
 * The lines of QEMU's machine protocol, decoded. Pure. A VMM that a guest broke out of may write
 * anything here, so what does not fit is an error.
 */
import { MvmError } from "@mvm/core";
import * as z from "zod";

const Greeting = z.object({
  QMP: z.object({ version: z.object({ qemu: z.object({ major: z.int(), minor: z.int(), micro: z.int() }) }) }),
});
const Success = z.object({ return: z.unknown(), id: z.int() });
const Failure = z.object({ error: z.object({ class: z.string(), desc: z.string() }), id: z.int().optional() });
const Event = z.object({ event: z.string(), data: z.record(z.string(), z.unknown()).optional() });

export type QmpMessage =
  | { readonly kind: "greeting" }
  | { readonly kind: "return"; readonly id: number; readonly value: unknown }
  | { readonly kind: "error"; readonly id: number | null; readonly reason: string }
  | { readonly kind: "event"; readonly event: QmpEvent };

export interface QmpEvent {
  /** Such as SHUTDOWN, STOP, RESUME. */
  readonly name: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** @throws MvmError MVM_VM_DRIVER for anything else */
export function parseQmpLine(line: string): QmpMessage {
  const json = parseJson(line);
  const success = Success.safeParse(json);
  // `unknown` also accepts a missing field.
  if (success.success && "return" in success.data)
    return { kind: "return", id: success.data.id, value: success.data.return };
  const failure = Failure.safeParse(json);
  if (failure.success)
    return {
      kind: "error",
      id: failure.data.id ?? null,
      reason: `${failure.data.error.class}: ${failure.data.error.desc}`,
    };
  const event = Event.safeParse(json);
  if (event.success) return { kind: "event", event: { name: event.data.event, data: event.data.data ?? {} } };
  if (Greeting.safeParse(json).success) return { kind: "greeting" };
  throw new MvmError("MVM_VM_DRIVER", {
    message: "the VMM's control socket sent something that is not QMP",
    details: { line: line.slice(0, 200) },
  });
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
