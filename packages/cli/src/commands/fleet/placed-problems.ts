/**
 * Gives what the coordinator refuses of a fleet its place in the file: the coordinator knows
 * `tenants[1].pools[0].role`, the reader of the file knows its line.
 */
import { FleetProblem, isMvmError, type LoadedFleet, type MvmError, type Problem, problemsError } from "@mvm/core";
import * as z from "zod";

const Refusal = z.object({ problems: z.array(FleetProblem).min(1) });

/**
 * Runs `call`; an error that names paths of the fleet comes out with lines and columns.
 * @throws what `call` throws
 */
export async function withPlaces<T>(loaded: LoadedFleet, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw isMvmError(error) ? await placed(error, loaded) : error;
  }
}

async function placed(error: MvmError, loaded: LoadedFleet): Promise<MvmError> {
  const refusal = Refusal.safeParse(error.details);
  if (!refusal.success) return error;
  const { problems } = refusal.data;
  const isOne = problems.length === 1;
  const found = await Promise.all(
    problems.map(async ({ path, message, remedy }): Promise<Problem> => {
      const place = await loaded.locate(path);
      // One error has room for one remedy: of several, each stands with its problem.
      return {
        file: loaded.shownAs,
        line: place?.line ?? null,
        column: place?.column ?? null,
        path,
        message: isOne ? message : `${message}. ${remedy}`,
      };
    }),
  );
  const remedy = isOne ? error.remedy : "Mend the named places.";
  return problemsError(error.code, found, { remedy, details: { codes: problems.map(({ code }) => code) } });
}
