/**
 * Commands that a build starts and that start much themselves: each gets a process and a mount
 * namespace of its own and dies with the build, even when that is killed. So nothing writes on into
 * a directory that the next build sweeps, and no mount of a tree is ever the host's. Pure.
 */
type Argv = readonly [string, ...string[]];

/** @param more further namespaces, as unshare names them */
export function boundArgv(argv: Argv, more: readonly string[] = []): Argv {
  const namespaces = ["--mount", "--propagation=private", "--pid", "--mount-proc", ...more];
  return ["setpriv", "--pdeathsig=KILL", "unshare", ...namespaces, "--fork", "--kill-child=KILL", ...argv];
}
