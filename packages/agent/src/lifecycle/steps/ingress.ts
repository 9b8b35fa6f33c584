/** The instance's loopback port: held while it starts and runs. The check before a start took it already. */
import { oneWay, type Step, type StepContext } from "../step.ts";

export const holdIngress: Step = {
  name: "hold-ingress",
  do: async ({ id, ledger, ports }) => {
    const { ingress_port } = ledger.record().attachment;
    if (ingress_port !== null) await ports.ingress.claim(id, ingress_port);
  },
  undo: release,
  isDone: () => Promise.resolve(true),
};

export const releaseIngress = oneWay("release-ingress", release);

function release({ id, ports }: StepContext): Promise<void> {
  return ports.ingress.release(id);
}
