/**
 * The way into the lab host: its SSH on loopback, with keys made for it. Used by lab-machine.ts,
 * run-lab.ts, the installation and the cases that are driven from outside.
 */
import { type CommandEnd, type CommandOptions, runOrThrow, runToEnd } from "./lab-command.ts";

export interface LabAddress {
  readonly sshPort: number;
  readonly clientKeyPath: string;
  readonly knownHostsPath: string;
}

/** The command line that runs `command`, a line for the lab host's shell. Pure. */
export function sshArgv(
  { sshPort, clientKeyPath, knownHostsPath }: LabAddress,
  command?: string,
): readonly [string, ...string[]] {
  const options = [
    `UserKnownHostsFile=${knownHostsPath}`,
    "StrictHostKeyChecking=yes",
    "IdentitiesOnly=yes",
    "ConnectTimeout=10",
    "ServerAliveInterval=15",
    "ServerAliveCountMax=8",
    "LogLevel=ERROR",
  ];
  const target = ["-i", clientKeyPath, "-p", String(sshPort), "root@127.0.0.1"];
  // "none": never the user's own configuration.
  return [
    "ssh",
    ...["-F", "none"],
    ...options.flatMap((option) => ["-o", option]),
    ...target,
    ...(command === undefined ? [] : [command]),
  ];
}

/** `text` as one word of a line for a shell. */
export function quotedWord(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

export interface LabShell {
  /** Its standard output. @throws Error with what it printed when it fails */
  run(command: string, options: CommandOptions): Promise<string>;
  /** Runs it to its end, whatever its exit code; 255 also stands for a lost connection. */
  tryRun(command: string, options: CommandOptions): Promise<CommandEnd>;
}

export function labShell(address: LabAddress): LabShell {
  return {
    run: (command, options) => runOrThrow(sshArgv(address, command), options),
    tryRun: (command, options) => runToEnd(sshArgv(address, command), options),
  };
}
