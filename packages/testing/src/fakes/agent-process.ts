/**
 * An agent's process as a simulated host sees it: its calls are counted, may be made to fail, and
 * when it dies nothing that it still has under way reaches the host any more.
 */
import { MvmError } from "@mvm/core";

/** What a dead process's code meets; nothing catches it in earnest, because the process is gone. */
export class ProcessDeath extends Error {
  override readonly name = "ProcessDeath";
}

export interface CallFault {
  /** Which call fails, counted from 1. */
  readonly call: number;
  /** Every call from then on, or this one only. */
  readonly lasting: boolean;
  /** `after`: the effect is there, yet the call fails. */
  readonly when: "before" | "after";
}

export interface DeathPlan {
  /** Which journal write, counted from 1. */
  readonly write: number;
  readonly when: "before" | "after";
}

export class AgentProcess {
  #alive = true;
  #calls = 0;
  #writes = 0;
  #fault: CallFault | null = null;
  #death: DeathPlan | null = null;
  /** The disk takes no journal write. */
  refusesWrites = false;
  /** Names of the calls that could have been made to fail, in order. */
  readonly callNames: string[] = [];

  get alive(): boolean {
    return this.#alive;
  }

  get writes(): number {
    return this.#writes;
  }

  /** From now on, counted anew. */
  failCalls(fault: CallFault | null): void {
    this.#calls = 0;
    this.callNames.length = 0;
    this.#fault = fault;
  }

  dieAtWrite(death: DeathPlan | null): void {
    this.#writes = 0;
    this.#death = death;
  }

  kill(): void {
    this.#alive = false;
  }

  /** Makes a host call; a dead process's call has no effect and never returns. */
  async call<Result>(name: string, effect: () => Promise<Result>): Promise<Result> {
    if (!this.#alive) return forever();
    this.#calls += 1;
    this.callNames.push(name);
    const fails =
      this.#fault !== null &&
      (this.#calls === this.#fault.call || (this.#fault.lasting && this.#calls > this.#fault.call));
    const number = this.#calls;
    if (fails && this.#fault?.when === "before") throw new Error(`planned failure of call ${number}, ${name}`);
    const result = await effect();
    if (this.#isDead()) return forever();
    if (fails) throw new Error(`planned failure after call ${number}, ${name}`);
    return result;
  }

  /** Makes a journal write, which is synchronous. */
  write<Result>(effect: () => Result): Result {
    if (!this.#alive) throw new ProcessDeath("a dead process writes nothing");
    if (this.refusesWrites) throw new MvmError("MVM_STORE_FAILED", { message: "the disk is full", retry: "backoff" });
    this.#writes += 1;
    const dies = this.#writes === this.#death?.write;
    if (dies && this.#death?.when === "before") this.#die();
    const result = effect();
    if (dies) this.#die();
    return result;
  }

  /** As a call, so that it is looked at anew after a wait. */
  #isDead(): boolean {
    return !this.#alive;
  }

  #die(): never {
    this.#alive = false;
    throw new ProcessDeath(`planned death at write ${this.#writes}`);
  }
}

/** A port as this process calls it: `counted` methods may be made to fail, all others only end with the process. */
export function through<Port extends object>(
  process: AgentProcess,
  port: Port,
  options: { readonly name: string; readonly counted: readonly (keyof Port & string)[] },
): Port {
  return new Proxy(port, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key);
      if (typeof member !== "function" || typeof key !== "string") return member;
      const call = (...args: unknown[]): Promise<unknown> => Reflect.apply(member, target, args) as Promise<unknown>;
      if ((options.counted as readonly string[]).includes(key))
        return (...args: unknown[]) => process.call(`${options.name}.${key}`, () => call(...args));
      return (...args: unknown[]) => (process.alive ? call(...args) : forever());
    },
  });
}

function forever(): Promise<never> {
  return Promise.withResolvers<never>().promise;
}
