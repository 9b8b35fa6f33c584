/**
 * Carries pairing offers from gateways' guests to workers' guests. Level-triggered: as long as a
 * worker says that it needs pairing, it is introduced anew, with growing pauses.
 *
 * An offer is a credential: it goes from one guest channel to the other and nowhere else, neither
 * into a log nor into an error nor onto a disk.
 */
import { isMvmError, messageOf, type Clock, type InstanceId, type Logger, type Random } from "@mvm/core";
import type { VmHandle } from "@mvm/runtime";
import type { GuestChannels } from "../guests/guest-channels.ts";
import { retryDelayMs } from "../plan/backoff.ts";
import type { Introduction } from "./pairing-plan.ts";

/** Both requests have a real application behind them, which may be emulated. */
const REQUEST_TIMEOUT_MS = 120_000;
/** A worker takes its time to use an offer: the first pause is some 30 s. */
const BACKOFF_STEPS = 4;

export interface Introductions {
  /** Begins those introductions that are due and not under way. */
  carryOut(introductions: readonly (Introduction & { readonly from: VmHandle; readonly to: VmHandle })[]): void;
  /** Ends what is under way. */
  close(): void;
}

export interface IntroductionsParts {
  readonly channels: Pick<GuestChannels, "of">;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

export function createIntroductions({ channels, clock, random, log }: IntroductionsParts): Introductions {
  const stop = new AbortController();
  const tries = new Map<InstanceId, { readonly attempts: number; readonly nextAtMs: number }>();
  const underWay = new Set<InstanceId>();

  async function introduce({
    worker,
    gateway,
    from,
    to,
  }: Introduction & { from: VmHandle; to: VmHandle }): Promise<void> {
    underWay.add(worker);
    try {
      const options = { timeoutMs: REQUEST_TIMEOUT_MS, signal: stop.signal };
      const offer = await channels.of(from).request("pairing.mint", { peer: worker }, options);
      await channels.of(to).request("pairing.offer", offer, options);
      log.info("pairing.offered", { instance: worker, gateway });
    } catch (error) {
      // A guest's own words could hold what it was given: only the code of a refusal is told.
      const isRefusal = isMvmError(error, "MVM_GUEST_REFUSED");
      log.warn("pairing.failed", {
        instance: worker,
        gateway,
        error: isRefusal ? "MVM_GUEST_REFUSED" : messageOf(error),
      });
    } finally {
      underWay.delete(worker);
      const attempts = (tries.get(worker)?.attempts ?? 0) + 1;
      const pauseMs = retryDelayMs(attempts + BACKOFF_STEPS, random.bytes(1).readUInt8() / 256);
      tries.set(worker, { attempts, nextAtMs: clock.monotonicMs() + pauseMs });
    }
  }

  return {
    carryOut(introductions) {
      const needy = new Set(introductions.map(({ worker }) => worker));
      for (const worker of tries.keys()) if (!needy.has(worker) && !underWay.has(worker)) tries.delete(worker);
      for (const introduction of introductions) {
        const { worker } = introduction;
        const isDue = clock.monotonicMs() >= (tries.get(worker)?.nextAtMs ?? 0);
        if (isDue && !underWay.has(worker)) void introduce(introduction);
      }
    },
    close: () => stop.abort(),
  };
}
