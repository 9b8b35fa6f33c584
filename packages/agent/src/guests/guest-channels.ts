/**
 * The guest channel of each VM: one client a launch, shared by all who speak to that guest, because
 * a virtio-serial port has room for one connection. Dropped with the VM.
 */
import { GuestClient } from "@mvm/guest";
import type { Clock, Random } from "@mvm/core";
import type { VmHandle } from "@mvm/runtime";
import type { VmAccess } from "../lifecycle/vm-access.ts";
import { keyOf } from "../lifecycle/vm-watches.ts";

/** What is asked of a guest. Answers are checked and capped; every request has a deadline. */
export type GuestChannel = Pick<GuestClient, "request" | "reset">;

export interface GuestChannels {
  /** The channel to this VM's guest; nothing is dialled before it is used. */
  of(handle: VmHandle): GuestChannel;
  /** Closes all channels but those to these VMs: the others are gone. */
  keep(handles: readonly VmHandle[]): void;
  /** Closes all. */
  close(): void;
}

export interface GuestChannelsParts {
  readonly vms: Pick<VmAccess, "openGuestStream">;
  readonly clock: Clock;
  readonly random: Random;
}

export function createGuestChannels({ vms, clock, random }: GuestChannelsParts): GuestChannels {
  const channels = new Map<string, GuestChannel>();
  return {
    of(handle) {
      const key = keyOf(handle);
      const channel =
        channels.get(key) ??
        new GuestClient({ guest: handle.id, dial: () => vms.openGuestStream(handle), clock, random });
      channels.set(key, channel);
      return channel;
    },
    keep(handles) {
      const kept = new Set(handles.map(keyOf));
      for (const [key, channel] of channels) {
        if (kept.has(key)) continue;
        channel.reset();
        channels.delete(key);
      }
    },
    close() {
      for (const channel of channels.values()) channel.reset();
      channels.clear();
    },
  };
}
