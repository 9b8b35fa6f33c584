/**
 * What `ip -batch` and `nft -f` mean by what they print when they refuse something. Pure; the only
 * place that reads their standard error.
 */

export interface ToolFailure {
  /** The tool's reason in its own words, one line. */
  readonly reason: string;
  /** The refused line, when the tool said which. */
  readonly line: string | null;
}

/** `nft -f FILE`: the first `FILE:LINE:COLUMN: Error: REASON`. */
export function explainNft(stderr: string, text: string): ToolFailure {
  const match = /:(\d+):\d+(?:-\d+)?: Error: (.+)/.exec(stderr);
  if (match?.[1] === undefined || match[2] === undefined) return { reason: firstLine(stderr), line: null };
  const line = lineAt(text.split("\n"), match[1]);
  return { reason: line?.startsWith("get element") === true ? "the rules do not hold it" : match[2], line };
}

/** `ip -batch -`: the kernel's answer, then `Command failed -:LINE`. */
export function explainIp(stderr: string, lines: readonly string[]): ToolFailure {
  const number = /^Command failed -:(\d+)$/m.exec(stderr)?.[1];
  const reason = firstLine(stderr).replace(/^(?:RTNETLINK answers|Error|ioctl\(\w+\)): /, "");
  return { reason, line: number === undefined ? null : lineAt(lines, number) };
}

/** Commands whose refusal is about no line in particular. */
export function explainOther(stderr: string): ToolFailure {
  return { reason: firstLine(stderr), line: null };
}

function lineAt(lines: readonly string[], number: string): string | null {
  return lines[Number(number) - 1]?.trim() ?? null;
}

function firstLine(stderr: string): string {
  return (
    stderr
      .split("\n")
      .find((line) => line.trim() !== "")
      ?.trim() ?? "it gave no reason"
  );
}
