/**
 * Holds the workspace to its own rules, where no tool does: imports are declared, manifests and
 * project references say the same edges, versions are exact, names and headers are as the house wants.
 */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { test } from "node:test";

import * as z from "zod";

import { allowedEdges, packageNames } from "./edges/package-edges.ts";
import { packageOf, readImports } from "./module-imports.ts";

const root = join(import.meta.dirname, "..");
const versions = z.record(z.string(), z.string()).default({});
const manifestSchema = z.object({ dependencies: versions, devDependencies: versions, optionalDependencies: versions });
const projectSchema = z.object({ references: z.array(z.object({ path: z.string() })) });

function readManifest(directory: string): z.infer<typeof manifestSchema> {
  return manifestSchema.parse(JSON.parse(readFileSync(join(root, directory, "package.json"), "utf8")));
}

const rootManifest = readManifest(".");
const sources = globSync("packages/*/src/**/*.ts", { cwd: root })
  .sort()
  .map((path) => ({
    path,
    directory: path.split("/").slice(0, 2).join("/"),
    isTest: path.endsWith(".test.ts"),
    text: readFileSync(join(root, path), "utf8"),
  }));

/** What a file may import: its package's dependencies; a test, also the development ones. */
function declaredFor({ directory, isTest }: (typeof sources)[number]): ReadonlySet<string> {
  const { dependencies, devDependencies } = readManifest(directory);
  const forTests = isTest ? [...Object.keys(devDependencies), ...Object.keys(rootManifest.devDependencies)] : [];
  return new Set([...Object.keys(dependencies), ...forTests]);
}

test("every import is declared by the package that makes it", () => {
  const undeclared = sources.flatMap((source) => {
    const declared = declaredFor(source);
    const names = readImports(source.text).specifiers.flatMap((specifier) => packageOf(specifier) ?? []);
    return names.filter((name) => !declared.has(name)).map((name) => `${source.path}: ${name}`);
  });
  assert.deepEqual(undeclared, []);
});

test("relative imports stay inside their package", () => {
  const leaving = sources.flatMap(({ path, directory, text }) =>
    readImports(text)
      .specifiers.filter((specifier) => specifier.startsWith("."))
      .map((specifier) => relative(directory, join(dirname(path), specifier)))
      .filter((target) => target.startsWith(".."))
      .map((target) => `${path}: ${target}`),
  );
  assert.deepEqual(leaving, []);
});

for (const name of packageNames) {
  const edges = [...allowedEdges[name]].sort();

  test(`${name}: dependencies and project references are the edges of the table`, () => {
    const dependencies = Object.keys(readManifest(`packages/${name}`).dependencies).filter((dependency) =>
      dependency.startsWith("@mvm/"),
    );
    const project: unknown = JSON.parse(readFileSync(join(root, "packages", name, "tsconfig.json"), "utf8"));
    assert.deepEqual(
      dependencies.sort(),
      edges.map((edge) => `@mvm/${edge}`),
    );
    assert.deepEqual(
      projectSchema
        .parse(project)
        .references.map(({ path }) => basename(path))
        .sort(),
      edges,
    );
  });
}

test("every package directory is in the table of edges", () => {
  assert.deepEqual(
    globSync("packages/*", { cwd: root })
      .map((path) => basename(path))
      .sort(),
    [...packageNames].sort(),
  );
});

test("versions are exact", () => {
  const manifests = [".", ...packageNames.map((name) => `packages/${name}`)].map(readManifest);
  const inexact = manifests
    .flatMap((manifest) => Object.values(manifest).flatMap((group) => Object.entries(group)))
    .filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version));
  assert.deepEqual(inexact, []);
});

test("the lock names no host to download from", () => {
  const lock = readFileSync(join(root, "package-lock.json"), "utf8");
  assert.deepEqual(lock.match(/"resolved": "(?!packages\/).*"/g), null);
});

test("no file is a bag of helpers, and index.ts stands only at a package's root", () => {
  const bags = sources.filter(({ path }) => /^(utils?|helpers?|common|misc|shared)(\.test)?\.ts$/.test(basename(path)));
  const indexes = sources.filter(
    ({ path, directory }) => basename(path) === "index.ts" && path !== `${directory}/src/index.ts`,
  );
  assert.deepEqual(
    [...bags, ...indexes].map(({ path }) => path),
    [],
  );
});

test("no module exports all of another", () => {
  assert.deepEqual(
    sources.filter(({ text }) => readImports(text).exportsAll).map(({ path }) => path),
    [],
  );
});

test("zod is imported as a namespace, of which the bundler leaves out what is unused", () => {
  const whole = sources.filter(({ text }) => /^import (z|\{[^}]*\bz\b[^}]*\}) from "zod"/m.test(text));
  assert.deepEqual(
    whole.map(({ path }) => path),
    [],
    'say: import * as z from "zod"',
  );
});

test("every file but tests and indexes begins with a comment that says its job", () => {
  const bare = sources.filter(
    ({ path, isTest, text }) => !isTest && basename(path) !== "index.ts" && !/^(#!.*\n)?\/\*\*/.test(text),
  );
  assert.deepEqual(
    bare.map(({ path }) => path),
    [],
  );
});

test("no test runs alone", () => {
  const focused = sources.filter(
    ({ isTest, text }) => isTest && /\b(test|it|describe|suite)\.only\(|\bonly: true\b/.test(text),
  );
  assert.deepEqual(
    focused.map(({ path }) => path),
    [],
  );
});
