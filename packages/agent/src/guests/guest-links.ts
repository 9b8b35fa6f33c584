/** The links to all running guests. Owned by the agent's core; one a VM, ended with it. */
import type { Clock, Logger } from "@mvm/core";
import type { VmHandle } from "@mvm/runtime";
import { keyOf } from "../lifecycle/vm-watches.ts";
import type { GuestChannels } from "./guest-channels.ts";
import { followGuest, type GuestView } from "./guest-link.ts";

export interface GuestLinks {
  /** Keeps a link to exactly these VMs from now on. */
  sync(handles: readonly VmHandle[]): void;
  isReady(handle: VmHandle): boolean;
  /** What this VM's guest said last; null: nothing yet. */
  view(handle: VmHandle): GuestView | null;
  close(): void;
}

export interface GuestLinksParts {
  readonly channels: Pick<GuestChannels, "of">;
  readonly clock: Clock;
  readonly log: Logger;
  /** What planning or status depends on has changed. */
  readonly changed: () => void;
}

interface Link {
  readonly stop: AbortController;
  view: GuestView | null;
}

export function createGuestLinks({ channels, clock, log, changed }: GuestLinksParts): GuestLinks {
  const links = new Map<string, Link>();

  function open(handle: VmHandle): Link {
    const link: Link = { stop: new AbortController(), view: null };
    const heard = (view: GuestView): void => {
      link.view = view;
    };
    void followGuest({ handle, channel: channels.of(handle), clock, log, heard, changed }, link.stop.signal);
    return link;
  }

  return {
    sync(handles) {
      const wanted = new Map(handles.map((handle) => [keyOf(handle), handle]));
      for (const [key, link] of links) {
        if (wanted.has(key)) continue;
        link.stop.abort();
        links.delete(key);
      }
      for (const [key, handle] of wanted) if (!links.has(key)) links.set(key, open(handle));
    },
    isReady: (handle) => links.get(keyOf(handle))?.view?.report.ready ?? false,
    view: (handle) => links.get(keyOf(handle))?.view ?? null,
    close() {
      for (const { stop } of links.values()) stop.abort();
      links.clear();
    },
  };
}
