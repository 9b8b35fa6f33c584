/**
 * What was typed after the command's name, decoded where it is used: a flag that is not a number
 * where one is needed is a usage error, as commander's own are.
 */
import { UsageProblem } from "./usage-problem.ts";

export interface CommandInput {
  /** The argument at that place; declared as required, it is there. */
  arg(index: number): string;
  optionalArg(index: number): string | undefined;
  /** Value of `--name value`. */
  text(name: string): string | undefined;
  /** Whether `--name` was given. */
  flag(name: string): boolean;
  /** Whole number of `--name <n>`, in [least, most]. */
  count(name: string, range: CountRange): number | undefined;
  /** Milliseconds of `--name <duration>`: `90s`, `5m`, `2h`; from one second to a day. */
  durationMs(name: string): number | undefined;
}

const MS_PER_UNIT: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000 };
const LONGEST_DURATION_MS = 86_400_000;

export interface CountRange {
  readonly least: number;
  readonly most: number;
}

/** @param options commander's, by camel-cased name */
export function commandInput(args: readonly unknown[], options: Readonly<Record<string, unknown>>): CommandInput {
  const optionalArg = (index: number): string | undefined => {
    const value = args[index];
    return typeof value === "string" ? value : undefined;
  };
  const text = (name: string): string | undefined => {
    const value = options[camelCase(name)];
    return typeof value === "string" ? value : undefined;
  };
  return {
    optionalArg,
    text,
    arg(index) {
      const value = optionalArg(index);
      if (value === undefined) throw new UsageProblem(`argument ${index + 1} is missing`);
      return value;
    },
    // commander turns `--no-wait` into `wait: false`.
    flag: (name) =>
      name.startsWith("no-") ? options[camelCase(name.slice(3))] === false : options[camelCase(name)] === true,
    count(name, { least, most }) {
      const value = text(name);
      if (value === undefined) return undefined;
      const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
      if (number >= least && number <= most) return number;
      throw new UsageProblem(`--${name} is '${value}': a whole number from ${least} to ${most} is expected`);
    },
    durationMs(name) {
      const value = text(name);
      if (value === undefined) return undefined;
      const [, digits = "", unit = ""] = /^(\d{1,8})([smh])$/.exec(value) ?? [];
      const ms = digits === "" ? 0 : Number(digits) * (MS_PER_UNIT[unit] ?? 0);
      if (ms > 0 && ms <= LONGEST_DURATION_MS) return ms;
      throw new UsageProblem(`--${name} is '${value}': a duration such as 90s, 5m or 2h is expected, a day at most`);
    },
  };
}

function camelCase(name: string): string {
  return name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
