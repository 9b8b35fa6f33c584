/**
 * A namespace that plays the world outside: reachable from the host over a veth, with whatever
 * server a test starts in it. Made and removed by the test that uses it.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";
import { startCaretaker } from "../caretaker.ts";

const run = promisify(execFile);

export interface Outside {
  /** Its address, as seen from tenants whose egress policy allows it. */
  readonly ipv4: string;
  /** Runs a Node program inside it until `close`; resolves with the first line that it prints. */
  start(script: string, args: readonly string[]): Promise<{ readonly child: ChildProcess; readonly firstLine: string }>;
  close(): Promise<void>;
}

/** @param name 1 to 6 characters; @param subnet first three bytes of a /24 that nobody else uses */
export async function createOutside(name: string, subnet: string): Promise<Outside> {
  const namespace = `${name}-outside`;
  const [hostLink, hostIpv4, ipv4] = [`${name}out0`, `${subnet}.1`, `${subnet}.2`];
  const caretaker = startCaretaker({ dirs: [], namePrefix: namespace });
  await run("ip", ["netns", "add", namespace]);
  await run("ip", ["link", "add", hostLink, "type", "veth", "peer", "name", "out1", "netns", namespace]);
  await run("ip", ["addr", "add", `${hostIpv4}/24`, "dev", hostLink]);
  await run("ip", ["link", "set", hostLink, "up"]);
  for (const args of [
    ["addr", "add", `${ipv4}/24`, "dev", "out1"],
    ["link", "set", "out1", "up"],
    ["link", "set", "lo", "up"],
  ]) {
    await run("ip", ["-n", namespace, ...args]);
  }
  return {
    ipv4,
    async start(script, args) {
      const argv = ["--net=/run/netns/" + namespace, process.execPath, script, ...args];
      const child = spawn("nsenter", argv, { stdio: ["ignore", "pipe", "inherit"] });
      const [data] = (await once(child.stdout, "data")) as [Buffer];
      return { child, firstLine: data.toString("utf8").split("\n")[0] ?? "" };
    },
    // The veth's host end goes with the namespace.
    close: () => caretaker.close(),
  };
}
