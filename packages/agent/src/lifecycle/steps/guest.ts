/** The guest's part: its first answer after a launch, and a shutdown that it does by itself. */
import { isMvmError, messageOf, MvmError } from "@mvm/core";
import type { VmHandle } from "@mvm/runtime";
import { hasDataDrive } from "../data-drive.ts";
import type { DataDrive } from "../ports.ts";
import type { StartContext } from "../start-context.ts";
import { removal, type Step, type StepContext } from "../step.ts";
import { isOver, watchEnd } from "../watch-end.ts";
import { countHungBoot } from "./launch.ts";

/** Waiting for a guest that is asked to stop is broken into pieces, so that a newer intent is heard. */
const WAIT_PIECE_MS = 500;

export const greetGuest: Step<StartContext> = {
  name: "greet-guest",
  do: async (context) => {
    const { ledger, ports, settings } = context;
    const { vm } = ledger.record();
    if (vm === null) throw new Error("no VM was launched");
    const onHello = (): void => noteHello(context);
    try {
      const data = await whileAlive(vm, context, (alive) =>
        ports.guests.greet(vm, { timeoutMs: settings.bootTimeoutMs, signal: alive, onHello }),
      );
      if ((data === "none") === hasDataDrive(context)) throw unexpectedDataDrive(context, data);
      // Only the guest's own word that it mounted the volume ends the time in which it may format it.
      if (data !== "none") ledger.note({ volume_generation: Math.max(1, ledger.record().volume_generation) });
    } catch (error) {
      if (isMvmError(error, "MVM_VM_BOOT_HUNG")) countHungBoot(context);
      throw error;
    }
  },
  undo: () => Promise.resolve(),
  isDone: () => Promise.resolve(true),
};

/** Does `work` with a signal that is aborted when the VM ends meanwhile: nobody waits for a dead guest. */
async function whileAlive<Result>(
  vm: VmHandle,
  { ports, signal }: StartContext,
  work: (alive: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const death = new AbortController();
  const over = new AbortController();
  const error = new MvmError("MVM_VM_DRIVER", {
    message: `the VM of ${vm.id} ended while it booted`,
    retry: "backoff",
  });
  void watchEnd(ports, vm, over.signal).then((isGone) => {
    if (isGone) death.abort(error);
  });
  try {
    return await work(AbortSignal.any([signal, death.signal]));
  } finally {
    over.abort();
  }
}

function noteHello({ ledger, ports }: StartContext): void {
  const { boot, launched_at } = ledger.record();
  if (launched_at === null || boot.hello_ms !== null) return;
  ledger.note({ boot: { ...boot, hello_ms: Math.max(0, Math.round(ports.clock.nowMs() - Date.parse(launched_at))) } });
}

function unexpectedDataDrive({ id }: StartContext, data: DataDrive): MvmError {
  const remedy = `See mvm instance logs ${id} --console.`;
  const message = data === "none" ? `${id} found no data drive` : `${id} mounted a data drive that it was not given`;
  return new MvmError("MVM_VOLUME_FAILED", { message, remedy });
}

export const shutDownGuest = removal("shut-down-guest", async (context) => {
  const { ledger, ports, settings, signal, log } = context;
  const { vm } = ledger.record();
  if (vm === null || (await ports.driver.adopt(vm)) === null) return;
  const deadline = ports.clock.monotonicMs() + settings.stopTimeoutMs;
  try {
    await ports.guests.shutDown(vm, { timeoutMs: settings.stopTimeoutMs, signal });
    if (await hasEnded(context, vm, deadline)) return;
    log.warn("guest.shutdown.late", { timeout_ms: settings.stopTimeoutMs });
  } catch (error) {
    // Who interrupts takes over a guest that was asked, not one that was refused: the step is not done.
    signal.throwIfAborted();
    log.warn("guest.shutdown.refused", { error: messageOf(error) });
  }
});

/** Waits until the deadline. @throws the signal's reason when a newer intent takes over */
async function hasEnded({ ports, signal }: StepContext, vm: VmHandle, deadline: number): Promise<boolean> {
  for (;;) {
    signal.throwIfAborted();
    const left = deadline - ports.clock.monotonicMs();
    if (left <= 0) return false;
    if (await ports.driver.waitGone(vm, Math.min(left, WAIT_PIECE_MS), signal)) return true;
    if (isOver(await ports.driver.inspect(vm))) return true;
  }
}
