/**
 * The named dependency-cruiser rules: one for each forbidden edge between packages, and those that
 * keep deciding apart from doing. Pure; run by check.ts, tried on planted violations in rules.test.ts.
 */
import type { IForbiddenRuleType } from "dependency-cruiser";

import { allowedEdges, type PackageName, packageNames, reasons } from "./package-edges.ts";

const TESTS = "\\.test\\.ts$";
const SOURCES = "^packages/[^/]+/src/";

/** Where code may touch the host: adapters, programs and their composition roots, what runs inside the guest, test support. */
const HOST_CODE = [
  "^packages/core/src/node/",
  "/(host|adapters)/",
  "/(main|compose)\\.ts$",
  "^packages/guest/src/(agent|openclaw/guest)/",
  "^packages/testing/src/",
];

/** Node's modules and libraries that reach processes, files, the network, timers or the machine. */
const HOST_MODULES = [
  "child_process",
  "cluster",
  "dgram",
  "dns",
  "fs",
  "http",
  "http2",
  "https",
  "inspector",
  "net",
  "os",
  "process",
  "readline",
  "repl",
  "sqlite",
  "timers",
  "tls",
  "tty",
  "worker_threads",
];
const HOST_LIBRARIES = ["@hono/node-server", "ws"];

function edgeRule(from: PackageName, to: PackageName): IForbiddenRuleType {
  const name = `${from}-to-${to}`;
  return {
    name,
    severity: "error",
    comment: reasons[name] ?? `design §3: ${from} may import ${allowedEdges[from].join(", ") || "no other package"}.`,
    // Tests may use test support, which no program may.
    from: { path: `^packages/${from}/src/`, ...(to === "testing" ? { pathNot: TESTS } : {}) },
    to: { path: `^packages/${to}/` },
  };
}

const edgeRules = packageNames.flatMap((from) =>
  packageNames.filter((to) => to !== from && !allowedEdges[from].includes(to)).map((to) => edgeRule(from, to)),
);

export const rules: readonly IForbiddenRuleType[] = [
  ...edgeRules,
  {
    name: "package-by-its-index",
    severity: "error",
    comment: "A package is imported by its name: what its index.ts does not list is its own business.",
    from: { path: "^packages/([^/]+)/" },
    to: { path: "^packages/(?!$1/)[^/]+/", pathNot: "^packages/[^/]+/src/index\\.ts$" },
  },
  {
    name: "no-cycle",
    severity: "error",
    comment: "Files that need each other are one file, or lack a third.",
    from: {},
    to: { circular: true },
  },
  {
    name: "host-only-in-adapters",
    severity: "error",
    comment: "Only host/ and adapters/ folders, main.ts and compose.ts touch the host; others take a port.",
    from: { path: SOURCES, pathNot: [...HOST_CODE, TESTS] },
    to: {
      path: [`^(node:)?(${HOST_MODULES.join("|")})(/|$)`, `(^|node_modules/)(${HOST_LIBRARIES.join("|")})(/|$)`],
      dependencyTypesNot: ["type-only"],
    },
  },
  {
    name: "tests-are-leaves",
    severity: "error",
    comment: "Nothing imports a test: what several tests share lives in packages/testing.",
    from: {},
    to: { path: TESTS },
  },
  {
    name: "programs-are-leaves",
    severity: "error",
    comment: "main.ts is where a program starts; what others need of it is a function elsewhere.",
    from: {},
    to: { path: "^packages/.+/main\\.ts$" },
  },
  {
    name: "no-scripts-in-packages",
    severity: "error",
    comment: "Packages don't know how they are built, checked or measured.",
    from: { path: "^packages/" },
    to: { path: "^(scripts|bench)/" },
  },
  {
    name: "resolvable",
    severity: "error",
    comment: "The import leads nowhere.",
    from: {},
    to: { couldNotResolve: true },
  },
];
