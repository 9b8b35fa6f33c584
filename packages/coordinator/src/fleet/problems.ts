/**
 * What is wrong with a fleet: every problem with its path, value and remedy, gathered before any
 * is reported, so that a file with many mistakes is mended in one go. Pure.
 */
import { MvmError, type ErrorCode, type FleetProblem } from "@mvm/core";

export interface Problem extends FleetProblem {
  readonly code: ErrorCode;
}

/**
 * Throws when there are problems: the first one's code and message, all of them in `details.problems`.
 * @throws MvmError
 */
export function refuseProblems(problems: readonly Problem[]): void {
  const [first] = problems;
  if (first === undefined) return;
  const more = problems.length === 1 ? "" : ` (and ${problems.length - 1} more)`;
  throw new MvmError(first.code, {
    message: `${first.path}: ${first.message}${more}`,
    remedy: first.remedy,
    details: { problems },
  });
}
