/**
 * Every method of the guest channel: the shape of its parameters and of its result. The one table
 * that host and guest share; a method stands here only when the guest serves it. `health` and
 * `connectors` are what version 1 asked beside `status`; `connectors` is always fresh.
 */
import { InstanceId } from "@mvm/core";
import * as z from "zod";
import { ConnectorReport } from "./handler-report.ts";
import { LogsParams, LogsResult } from "./logs.ts";
import { PairingOffer } from "./pairing.ts";
import { HealthResult, StatusResult } from "./status.ts";
import { GuestSentence, GuestWord } from "./text.ts";
import { VersionRange } from "./version.ts";

const Nothing = z.object({});

export const HelloResult = z.object({
  /** The version that both sides speak from here on. */
  version: z.int().min(1),
  agent_version: GuestWord,
  /** The kernel's id of this boot: another one means that the guest was started anew. */
  boot_id: z.uuid(),
  /** Who the guest takes itself for, from its config drive; null without one. */
  instance_id: InstanceId.nullable(),
  methods: z.array(GuestWord).max(64),
});
export type HelloResult = z.infer<typeof HelloResult>;

export const DrivesRefreshResult = z.object({
  /** `config_version` of the config drive as it is now. */
  config_version: z.int().min(0).nullable(),
  /** What each handler made of it. */
  handlers: z.array(z.object({ name: GuestWord, applied: z.boolean(), detail: GuestSentence })).max(16),
});
export type DrivesRefreshResult = z.infer<typeof DrivesRefreshResult>;

const methods = {
  hello: { params: z.object({ host_version: z.string().max(64), versions: VersionRange }), result: HelloResult },
  health: { params: Nothing, result: HealthResult },
  status: { params: Nothing, result: StatusResult },
  logs: { params: LogsParams, result: LogsResult },
  "drives.refresh": { params: Nothing, result: DrivesRefreshResult },
  /** The disk of /data is to have that size; what its file system then holds. Missing from older guests. */
  "data.grow": {
    params: z.object({ size_bytes: z.int().min(1) }),
    result: z.object({ size_bytes: z.int().min(0) }),
  },
  connectors: { params: Nothing, result: z.object({ connectors: z.array(ConnectorReport).max(32) }) },
  shutdown: { params: Nothing, result: z.object({ accepted: z.literal(true) }) },
  "pairing.mint": { params: z.object({ peer: InstanceId }), result: PairingOffer },
  "pairing.offer": { params: PairingOffer, result: z.object({ accepted: z.literal(true) }) },
} as const;

export type GuestMethod = keyof typeof methods;
/** What a caller gives; defaults may be left out. */
export type GuestParams<M extends GuestMethod> = z.input<(typeof methods)[M]["params"]>;
/** The same with the defaults filled in, as a method gets it. */
export type CheckedParams<M extends GuestMethod> = z.output<(typeof methods)[M]["params"]>;
export type GuestResult<M extends GuestMethod> = z.output<(typeof methods)[M]["result"]>;

/** The table, in the form that keeps a method and its types together behind a variable. */
export const guestMethods: {
  readonly [M in GuestMethod]: {
    readonly params: z.ZodType<CheckedParams<M>>;
    readonly result: z.ZodType<GuestResult<M>>;
  };
} = methods;

export function isGuestMethod(name: string): name is GuestMethod {
  return Object.hasOwn(guestMethods, name);
}
