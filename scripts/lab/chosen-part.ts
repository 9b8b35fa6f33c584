/** Which test files and which outside cases a run of the lab consists of. Used by lab.ts. */
import { suites } from "../suites.ts";
import { type OutsideCase, outsideCases } from "./outside-cases.ts";

export interface LabPart {
  /** Test files of the suite `lab`, relative to the clone. */
  readonly files: readonly string[];
  readonly outside: readonly OutsideCase[];
}

/** @param only part of a file's or case's name; null: all of them */
export function chosenPart(root: string, only: string | null): LabPart {
  const steps = suites(root).find(({ name }) => name === "lab")?.steps ?? [];
  const files = steps.flatMap((step) => (step.kind === "tests" ? step.files : []));
  return {
    files: files.filter((file) => file.includes(only ?? "")),
    outside: outsideCases.filter(({ name }) => name.includes(only ?? "")),
  };
}
