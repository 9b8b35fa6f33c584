/**
 * Tells systemd how a server is, when it is run as a unit. A host adapter.
 *
 * systemd listens on a Unix datagram socket, which Node can't open: `systemd-notify` is started for
 * every word, one short process each time (about a millisecond of CPU; 30 s lie between two of them).
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { ServiceManager } from "../context.ts";

const NOTIFY_TIMEOUT_MS = 10_000;
const US_PER_MS = 1000;

/** @param env of this process: NOTIFY_SOCKET and WATCHDOG_USEC, as systemd sets them for a unit */
export function systemdServiceManager(env: Readonly<Record<string, string | undefined>>): ServiceManager {
  const socket = env["NOTIFY_SOCKET"];
  if (socket === undefined) return { aliveEveryMs: null, tell: () => Promise.resolve() };
  const watchdogMs = Number(env["WATCHDOG_USEC"] ?? "0") / US_PER_MS;
  return {
    // Half of what it waits, as sd_watchdog_enabled(3) advises.
    aliveEveryMs: watchdogMs > 0 ? watchdogMs / 2 : null,
    async tell(word) {
      await promisify(execFile)("systemd-notify", [`${word}=1`], {
        timeout: NOTIFY_TIMEOUT_MS,
        env: { PATH: "/usr/bin:/bin", NOTIFY_SOCKET: socket },
      });
    },
  };
}
