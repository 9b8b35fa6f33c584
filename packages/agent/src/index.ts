/** The public names of agent: its program, its API as routes, and what the CLI needs of this host. */
export { createLinuxProcesses, QEMU_MEM_OVERHEAD } from "@mvm/runtime";
export type { BuiltImage } from "@mvm/build";
export { agentRoutes, LogLine, type LogsAnswer } from "./api/agent-routes.ts";
export type { NodeAgentPorts } from "./assemble-node.ts";
export { checkThisNode, runAgent, type AgentPorts, type RunningAgent } from "./compose.ts";
export { openImageTools, type ImageTools, type ImageToolsOptions } from "./image-tools.ts";
export { openAgentDatabase } from "./journal/host/agent-database.ts";
export { sqliteJournal } from "./journal/host/sqlite-journal.ts";
export type { Journal } from "./journal/journal.ts";
export { plainText } from "./guests/plain-text.ts";
export { createNodeAgent, type NodeAgent } from "./node-agent.ts";
export { nodePaths } from "./node-paths.ts";
export { hostProcesses, type HostProcess } from "./observe/host-processes.ts";
export { type NodeOnHost, remainsOfNode, tearDownNode } from "./tear-down.ts";
export { CGROUP_MOUNT, VMS_CGROUP, VMS_CONTROLLERS, VMS_SLICE, VMS_UNIT } from "./vms-cgroup.ts";
export { agentSettings, type AgentSettings, type Machine } from "./settings.ts";
