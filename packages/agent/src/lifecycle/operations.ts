/**
 * The operations as data: the steps of each in their order, and the events that its beginning and
 * its ends are in the state table. What a start makes, stop, release and destroy remove in the reverse order.
 */
import type { InstanceEvent } from "@mvm/core";
import type { OperationKind } from "../journal/operation-record.ts";
import type { StartContext } from "./start-context.ts";
import type { Step } from "./step.ts";
import { eraseState, makeDirectories, removePassingDirectories } from "./steps/directories.ts";
import { buildDrives } from "./steps/drives.ts";
import { findRoom, growDrive, growFileSystem, growVolume } from "./steps/grow.ts";
import { greetGuest, shutDownGuest } from "./steps/guest.ts";
import { holdIngress, releaseIngress } from "./steps/ingress.ts";
import { killVm, launchVm } from "./steps/launch.ts";
import { leaseUid, releaseUid } from "./steps/lease-uid.ts";
import { attachNetwork, detachNetwork } from "./steps/network.ts";
import { closeVolume, hideKey, makeVolume, openVolume } from "./steps/volume.ts";

export const startSteps: readonly Step<StartContext>[] = [
  holdIngress,
  leaseUid,
  makeDirectories,
  makeVolume,
  buildDrives,
  attachNetwork,
  openVolume,
  launchVm,
  hideKey,
  greetGuest,
];

const takeAway: readonly Step[] = [killVm, closeVolume, detachNetwork, removePassingDirectories, releaseUid];

/** Operations without a way back: they go on until they are whole. */
export const oneWaySteps: Readonly<Record<Exclude<OperationKind, "start">, readonly Step[]>> = {
  stop: [releaseIngress, shutDownGuest, ...takeAway],
  // The look comes first, so that a growth without a done step has touched nothing and may be withdrawn.
  // Then from below upwards: each layer takes what the one below it has.
  grow: [findRoom, growVolume, growDrive, growFileSystem],
  release: [releaseIngress, ...takeAway],
  destroy: [releaseIngress, killVm, closeVolume, detachNetwork, removePassingDirectories, eraseState, releaseUid],
};

export interface OperationEvents {
  readonly begin: InstanceEvent;
  /** Null: the beginning already led to the right state. */
  readonly done: InstanceEvent | null;
  /** Where a start is after it was taken back; what has no way back has no such end. */
  readonly failed: InstanceEvent | null;
}

export const operationEvents: Readonly<Record<OperationKind, OperationEvents>> = {
  start: { begin: "start", done: "start.done", failed: "start.failed" },
  stop: { begin: "stop", done: "stop.done", failed: null },
  grow: { begin: "grow", done: "grow.done", failed: null },
  destroy: { begin: "destroy", done: "destroy.done", failed: null },
  // A VM that died by itself: its instance is stopped at once, what it held is then taken away.
  release: { begin: "vm.lost", done: null, failed: null },
};
