/**
 * What this host can keep of what its mode promises: looked at without a running agent, for `mvm node
 * check`, and by the agent itself before it starts. Leaves nothing but a note that KVM works, once a kernel
 * has booted with it.
 */
import { join } from "node:path";
import { openImageCatalog } from "@mvm/build";
import { MvmError, nodeFiles, type NodeCheck, type NodeCheckReport } from "@mvm/core";
import {
  createLinuxCommands,
  judgeNode,
  observeNode,
  type DriverFingerprint,
  type NodeCheckTarget,
} from "@mvm/runtime";
import { nodePaths } from "./node-paths.ts";
import type { AgentSettings } from "./settings.ts";
import { CGROUP_MOUNT } from "./vms-cgroup.ts";

/** @param driver the mode's driver, asked on this host */
export async function checkNode(settings: AgentSettings, driver: DriverFingerprint): Promise<NodeCheckReport> {
  const ports = { commands: createLinuxCommands(), files: nodeFiles };
  const facts = await observeNode(ports, await targetOf(settings));
  return nodeCheckReport(settings, judgeNode(facts, driver, settings.mode));
}

export function nodeCheckReport(
  { node, mode }: Pick<AgentSettings, "node" | "mode">,
  checks: readonly NodeCheck[],
): NodeCheckReport {
  return { node, mode, fit: checks.every(({ status }) => status !== "missing"), checks: [...checks] };
}

/** @throws MvmError MVM_HOST_UNSUPPORTED naming each promise that can't be kept, with its remedy */
export function requireFit({ mode, checks }: NodeCheckReport): void {
  const missing = checks.filter(({ status }) => status === "missing");
  if (missing.length === 0) return;
  throw new MvmError("MVM_HOST_UNSUPPORTED", {
    message: `this host can't keep what mode '${mode}' promises: ${missing.map(({ name, seen }) => `${name} (${seen})`).join("; ")}`,
    remedy: missing.map(({ name, remedy }) => `${name}: ${remedy ?? "see mvm node check"}`).join("\n    "),
    details: { missing },
  });
}

/** The kernel is any image's: it is tried, nothing of it is kept. */
async function targetOf(settings: AgentSettings): Promise<NodeCheckTarget> {
  const { imagesDir, stateDir, runtimeDir, firecrackerDir } = settings;
  const [newest] = await openImageCatalog(imagesDir, nodeFiles).list();
  return {
    firecrackerPath: join(firecrackerDir, "firecracker"),
    jailerPath: join(firecrackerDir, "jailer"),
    acceptedFirecracker: settings.acceptedFirecracker,
    cgroupMount: CGROUP_MOUNT,
    jailsDir: nodePaths(settings).jailsDir,
    stateDir,
    imagesDir,
    runtimeDir,
    kernelPath: newest === undefined ? null : join(imagesDir, newest.manifest.artifacts.vmlinux.file),
    guestMemMib: settings.guestMemMib,
    reservedMemMib: settings.reservedMemMib,
  };
}
