/**
 * What /proc/PID/stat and /proc/PID/status say, decoded. Pure; used by the process port on Linux.
 *
 * Formats: proc(5). A field that is missing is an error, never a default: these facts decide
 * whether a process is confined and which one is killed.
 */
import { MvmError } from "@mvm/core";

export interface ProcStat {
  /** R, S, D, T, Z (zombie), X (dead), … */
  readonly state: string;
  /** Clock ticks since boot. */
  readonly startTicks: number;
}

export interface ProcStatus {
  readonly uids: readonly [number, number, number, number];
  readonly gids: readonly [number, number, number, number];
  readonly groups: readonly number[];
  readonly capEffective: string;
  readonly capPermitted: string;
  readonly noNewPrivs: boolean;
  readonly seccomp: number;
  /** 0 for kernel threads and zombies. */
  readonly rssBytes: number;
}

/** The process's name stands in parentheses and may itself hold spaces and parentheses. */
export function parseProcStat(text: string): ProcStat {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [state = "", startTicks] = [fields[0], Number(fields[19])];
  if (state === "" || !Number.isSafeInteger(startTicks)) throw unreadable("stat", text);
  return { state, startTicks };
}

export function parseProcStatus(text: string): ProcStatus {
  const fields = new Map<string, string>();
  for (const line of text.split("\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  const field = (name: string): string => {
    const value = fields.get(name);
    if (value === undefined) throw unreadable(`status without ${name}`, text);
    return value;
  };
  return {
    uids: fourIds(field("Uid")),
    gids: fourIds(field("Gid")),
    groups: integers(field("Groups")),
    capEffective: field("CapEff"),
    capPermitted: field("CapPrm"),
    noNewPrivs: field("NoNewPrivs") === "1",
    seccomp: Number(field("Seccomp")),
    rssBytes: Number.parseInt(fields.get("VmRSS") ?? "0", 10) * 1024,
  };
}

function integers(text: string): readonly number[] {
  return text
    .split(/\s+/)
    .filter((word) => word !== "")
    .map(Number);
}

function fourIds(text: string): readonly [number, number, number, number] {
  const [real, effective, saved, fs] = integers(text);
  if (real === undefined || effective === undefined || saved === undefined || fs === undefined)
    throw unreadable("ids", text);
  return [real, effective, saved, fs];
}

function unreadable(what: string, text: string): MvmError {
  return new MvmError("MVM_INTERNAL", {
    message: `can't read the kernel's ${what} of a process`,
    details: { text: text.slice(0, 500) },
  });
}
