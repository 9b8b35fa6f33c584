/**
 * Which package may import which (design §3), as data. Read by rules.ts; the same edges stand as
 * dependencies in each package.json and as references in each tsconfig.json, which
 * scripts/workspace.test.ts holds to this table.
 */
export const packageNames = ["core", "runtime", "build", "guest", "coordinator", "agent", "cli", "testing"] as const;
export type PackageName = (typeof packageNames)[number];

export const allowedEdges: Readonly<Record<PackageName, readonly PackageName[]>> = {
  core: [],
  runtime: ["core"],
  build: ["core"],
  guest: ["core"],
  coordinator: ["core"],
  agent: ["core", "runtime", "build", "guest"],
  cli: ["agent", "coordinator", "core"],
  testing: ["core", "runtime", "build", "guest", "coordinator", "agent", "cli"],
};

/** Why an edge that somebody will one day want is forbidden; others need no word. */
export const reasons: Readonly<Record<string, string>> = {
  "runtime-to-agent": "Drivers and networks know nothing of who decides: runtime serves the agent.",
  "build-to-runtime": "Builds run in a VM through the BuilderVm port, which the agent supplies.",
  "coordinator-to-agent": "The coordinator speaks to agents through its API only.",
  "agent-to-coordinator": "The agent speaks to the coordinator through its API only.",
  "cli-to-runtime": "The CLI parses, calls and prints: it reaches the host through the agent.",
};
