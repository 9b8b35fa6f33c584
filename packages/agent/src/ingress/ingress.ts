/**
 * Loopback ports of instances: taken before an instance starts, so that a port which somebody else
 * has is a refusal and not a surprise, and forwarded to the guest while it runs.
 */
import { MvmError, type InstanceId, type Logger } from "@mvm/core";
import type { IngressPorts } from "../lifecycle/ports.ts";

/** Where a connection goes: from the host's end of the tenant's uplink to the guest's port. */
export interface ForwardTarget {
  readonly localAddress: string;
  readonly host: string;
  readonly port: number;
}

export interface Forwarder {
  close(): Promise<void>;
}

/**
 * Listens on a loopback port and forwards each connection to what `target` then says; null: it is
 * closed at once. Implemented by `host/tcp-forwarder.ts`.
 * @throws MvmError MVM_INGRESS_PORT_TAKEN
 */
export type OpenForwarder = (port: number, target: () => ForwardTarget | null) => Promise<Forwarder>;

export interface Ingress extends IngressPorts {
  /** Forwards for exactly these instances; takes ports that are not held yet, as after a restart. */
  sync(
    targets: ReadonlyMap<InstanceId, { readonly ingressPort: number; readonly target: ForwardTarget }>,
  ): Promise<void>;
  /** Why a running instance has no port; null: it has one, or needs none. */
  problem(id: InstanceId): MvmError | null;
  close(): Promise<void>;
}

interface Held {
  readonly port: number;
  readonly forwarder: Promise<Forwarder>;
}

export function createIngress({ open, log }: { readonly open: OpenForwarder; readonly log: Logger }): Ingress {
  const held = new Map<InstanceId, Held>();
  const targets = new Map<InstanceId, ForwardTarget>();
  const problems = new Map<InstanceId, MvmError>();

  async function claim(id: InstanceId, port: number): Promise<void> {
    if (held.get(id)?.port === port) {
      await held.get(id)?.forwarder;
      return;
    }
    if (held.has(id)) await release(id);
    const forwarder = open(port, () => targets.get(id) ?? null);
    held.set(id, { port, forwarder });
    try {
      await forwarder;
      problems.delete(id);
    } catch (error) {
      held.delete(id);
      throw error;
    }
  }

  async function release(id: InstanceId): Promise<void> {
    const holding = held.get(id);
    held.delete(id);
    targets.delete(id);
    problems.delete(id);
    // One that never opened has nothing to close; who asked for it was told why.
    const forwarder = await holding?.forwarder.catch(() => null);
    await forwarder?.close();
  }

  async function takeAgain(id: InstanceId, port: number): Promise<void> {
    try {
      await claim(id, port);
    } catch (error) {
      const problem =
        error instanceof MvmError
          ? error
          : new MvmError("MVM_INTERNAL", { message: `can't listen on port ${port}`, cause: error });
      if (!problems.has(id)) log.error("ingress.port.taken", { instance: id, port, error: problem.message });
      problems.set(id, problem);
    }
  }

  return {
    claim,
    release,
    async sync(wanted) {
      for (const id of targets.keys()) if (!wanted.has(id)) targets.delete(id);
      for (const [id, { ingressPort, target }] of wanted) {
        targets.set(id, target);
        if (!held.has(id)) await takeAgain(id, ingressPort);
      }
    },
    problem: (id) => problems.get(id) ?? null,
    async close() {
      await Promise.all([...held.keys()].map((id) => release(id)));
    },
  };
}
