/**
 * Commands inside an image's tree while it is built. What comes from a profile or from npm runs
 * confined: namespaces of its own, no network, not as root, killed with everything it started. Pure
 * argv builders; the scripts that they call lie in `microvms/base/build`.
 */
import { join } from "node:path";
import { boundArgv } from "../bound-command.ts";

type Argv = readonly [string, ...string[]];

/** Number of the user and group that applications run as. */
const APP_ID = 1000;

/**
 * Runs `argv` inside the tree as root, with memory file systems where a guest has them.
 * @param buildDir directory of `enter-tree`; visible inside as /run/build
 */
export function confinedArgv(buildDir: string, tree: string, argv: Argv): Argv {
  return boundArgv(["sh", join(buildDir, "enter-tree"), tree, ...argv], ["--net", "--ipc", "--uts"]);
}

/** The command that runs one install script of an npm package as the unprivileged user; npm runs scripts by sh as well. */
export function installScriptArgv(packageDir: string, script: string): Argv {
  const user = [`--reuid=${APP_ID}`, `--regid=${APP_ID}`, "--clear-groups", "--no-new-privs"];
  const environment = ["PATH=/usr/bin:/bin", "HOME=/tmp"];
  return [
    "setpriv",
    ...user,
    "env",
    "--ignore-environment",
    `--chdir=${packageDir}`,
    ...environment,
    "sh",
    "-c",
    script,
  ];
}

/** Debian's own tools in the tree, such as systemctl: they need no more than a changed root. */
export function inTreeArgv(tree: string, argv: Argv): Argv {
  return ["chroot", tree, ...argv];
}
