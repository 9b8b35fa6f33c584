/**
 * Forwarding on the host's interfaces that lead outwards: answers to tenants' egress come in there
 * and the kernel drops them unless that interface forwards. Switched on only where it was off, and
 * remembered in a file beside the sockets, because neither the switch nor a flushed table says who
 * did it. Callers hold the lock of what tenants share on the host.
 */
import { join } from "node:path";
import * as z from "zod";
import { MvmError } from "@mvm/core";
import { outwardSettings } from "./kernel-settings.ts";
import { interfaceExists, isForwarding, type NetworkHost } from "./network-observation.ts";

const Record = z.array(z.string());
const MAX_RECORD_BYTES = 64 * 1024;

export interface OutwardForwarding {
  /** Interfaces that forward for tenants' sake only; what else comes in there is not to be forwarded. */
  readonly interfaces: readonly string[];
  /** Switches on what is not on yet; after the rules are in place. */
  switchOn(): Promise<void>;
}

/** Adds `wanted` to the record. Empty when the host forwards everywhere by its own wish: then it is its own affair. */
export async function planOutwardForwarding(host: NetworkHost, wanted: readonly string[]): Promise<OutwardForwarding> {
  const recorded = await readRecord(host);
  if (await isForwarding(host, "all")) {
    await host.files.remove(recordPath(host));
    return { interfaces: [], switchOn: () => Promise.resolve() };
  }
  const off: string[] = [];
  for (const name of wanted) {
    if (!(await isForwarding(host, name))) off.push(name);
  }
  const interfaces = [...new Set([...recorded, ...off])].sort();
  if (interfaces.length > recorded.length) await host.files.writeAtomic(recordPath(host), JSON.stringify(interfaces));
  return { interfaces, switchOn: () => host.tools.sysctl(null, outwardSettings(off, true)) };
}

/** Switches off what tenants alone had needed, and forgets it. */
export async function endOutwardForwarding(host: NetworkHost): Promise<void> {
  const present: string[] = [];
  for (const name of await readRecord(host)) {
    if (await interfaceExists(host, name)) present.push(name);
  }
  if (!(await isForwarding(host, "all"))) await host.tools.sysctl(null, outwardSettings(present, false));
  await host.files.remove(recordPath(host));
}

function recordPath({ runtimeDir }: NetworkHost): string {
  return join(runtimeDir, "outward-forwarding.json");
}

async function readRecord(host: NetworkHost): Promise<readonly string[]> {
  const path = recordPath(host);
  const text = await host.files.read(path, MAX_RECORD_BYTES);
  if (text === null) return [];
  try {
    const document: unknown = JSON.parse(text.toString("utf8"));
    return Record.parse(document);
  } catch (cause) {
    throw new MvmError("MVM_NET_APPLY_FAILED", {
      message: `${path} is not a list of interfaces`,
      remedy: `Remove ${path}.`,
      cause,
    });
  }
}
