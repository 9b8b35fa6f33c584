/**
 * Cruises a source tree with dependency-cruiser under given rules. Used by check.ts on the project
 * and by rules.test.ts on planted violations.
 */
import { cruise, type IForbiddenRuleType } from "dependency-cruiser";

export interface Violation {
  readonly rule: string;
  readonly from: string;
  readonly to: string;
  readonly comment: string;
}

export interface CruiseOutcome {
  /** Cruised files under packages/, relative to the root. */
  readonly files: readonly string[];
  readonly violations: readonly Violation[];
}

/** @throws Error when dependency-cruiser can't run at all */
export async function cruiseTree(root: string, rules: readonly IForbiddenRuleType[]): Promise<CruiseOutcome> {
  const { output } = await cruise(
    ["packages"],
    {
      baseDir: root,
      ruleSet: { forbidden: [...rules] },
      validate: true,
      // TypeScript 7 offers no API yet: without another parser nothing would be cruised, silently.
      parser: "swc",
      tsPreCompilationDeps: true,
      doNotFollow: { path: "node_modules" },
    },
    { exportsFields: ["exports"], conditionNames: ["import", "node", "default"], extensions: [".ts", ".mjs", ".js"] },
  );
  if (typeof output === "string") throw new Error(`dependency-cruiser answered with a text: ${output}`);
  const files = output.modules.map(({ source }) => source).filter((source) => source.startsWith("packages/"));
  const comments = new Map(rules.map(({ name, comment }) => [name, comment ?? ""]));
  const violations = output.summary.violations.map(({ rule, from, to }) => ({
    rule: rule.name,
    from,
    to,
    comment: comments.get(rule.name) ?? "",
  }));
  return { files, violations };
}
