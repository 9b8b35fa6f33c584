/** The guest's part: its first answer after a launch, and a shutdown that it does by itself. */
import { isMvmError, MvmError } from "@mvm/core";
import type { VmHandle } from "@mvm/runtime";
import { hasDataDrive } from "../data-drive.ts";
import type { DataDrive } from "../ports.ts";
import { shutDown } from "../shut-down.ts";
import type { StartContext } from "../start-context.ts";
import { oneWay, type Step } from "../step.ts";
import { watchEnd } from "../watch-end.ts";
import { countHungBoot } from "./launch.ts";

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

export const shutDownGuest = oneWay("shut-down-guest", async (context) => {
  const { vm } = context.ledger.record();
  if (vm !== null) await shutDown(vm, context);
});
