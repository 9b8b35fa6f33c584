/** `mvm node status`: from the coordinator, or from this node's agent when the coordinator is away. */
import { isMvmError, messageOf, MvmError, type NodeView, operatorRoutes } from "@mvm/core";
import { agentRoutes } from "@mvm/agent";
import type { Command } from "../../command-spec.ts";
import type { CliContext } from "../../context.ts";
import { ageText } from "../../output/age.ts";
import { counted } from "../../output/counts.ts";
import { printResult } from "../../output/document.ts";
import { alarmWords, networkWords } from "../../output/instance-words.ts";
import { printFacts } from "../../output/table.ts";
import { type Session, withSession } from "../../session.ts";

export const nodeStatus: Command = (context, input) =>
  withSession(context, input, async (session) => {
    const wanted = input.optionalArg(0);
    const all = await nodesOf(session, context);
    const nodes = wanted === undefined ? all : all.filter(({ node }) => node === wanted);
    if (wanted !== undefined && nodes.length === 0) {
      throw new MvmError("MVM_NODE_NOT_FOUND", {
        message: `no node '${wanted}'`,
        details: { node: wanted, known: all.map(({ node }) => node) },
      });
    }
    printResult(context, input, {
      config: session.configFacts,
      document: { nodes },
      text: () =>
        nodes.forEach((node, index) => {
          if (index > 0) context.stdout.write("\n");
          printNode(context, node);
        }),
    });
  });

async function nodesOf({ coordinator, agent }: Session, context: CliContext): Promise<readonly NodeView[]> {
  const { signal, stderr } = context;
  try {
    return (await coordinator.call(operatorRoutes.listNodes, { signal })).nodes;
  } catch (error) {
    if (!isMvmError(error, "MVM_API_UNAVAILABLE")) throw error;
    const status = await agent.call(agentRoutes.getStatus, { signal }).catch(() => null);
    if (status === null) throw error;
    stderr.write(`the coordinator is away (${messageOf(error)}): this is what the node's agent says\n`);
    const { instances: _, ...own } = status;
    return [
      {
        node: status.node,
        generation: status.observed_generation,
        received_at: null,
        audit_problems: (status.refused_chains ?? []).map(({ tenant_id, problem }) => ({ tenant_id, problem })),
        status: own,
      },
    ];
  }
}

/** What it is and how far it has come, then what is wrong with it, alarms first. */
export function printNode({ stdout, clock }: Pick<CliContext, "stdout" | "clock">, view: NodeView): void {
  const { status } = view;
  if (status === null) {
    printFacts(stdout, [
      ["node", view.node],
      ["state", "has never reported"],
      ["generation", String(view.generation)],
    ]);
    return;
  }
  const nowMs = clock.nowMs();
  const { capacity, driver, config } = status;
  const progress = status.converged ? stdout.style("green", "as wanted") : stdout.style("yellow", "at work");
  const alarms = status.alarms.length === 0 ? "" : `, ${stdout.style("red", counted(status.alarms.length, "alarm"))}`;
  printFacts(stdout, [
    ["node", view.node],
    ["state", `${progress}, generation ${status.observed_generation} of ${view.generation}${alarms}`],
    ["mode", status.mode],
    [
      "agent",
      `${status.agent_version}, up ${ageText(status.started_at, nowMs)}, reported ${ageText(status.reported_at, nowMs)} ago`,
    ],
    ["driver", `${driver.name} ${driver.version}, ${driver.acceleration}`],
    [
      "capacity",
      `${counted(capacity.cpus, "CPU")}, ${capacity.allocated_mem_mib} of ${capacity.mem_mib} MiB given to instances`,
    ],
    ["config", `${config.path} (${config.rule}) ${config.hash}`],
  ]);
  for (const { instance_id: id, condition } of status.alarms)
    stdout.write(`${stdout.style("red", "alarm:")} ${id}: ${alarmWords(condition)}\n`);
  for (const { tenant_id: tenant, problem } of view.audit_problems) {
    const chain = tenant === null ? "the chain of no tenant" : `the chain of tenant '${tenant}'`;
    stdout.write(`${stdout.style("red", "audit:")} ${chain} is refused: ${problem}\n`);
  }
  for (const network of status.network_conditions)
    stdout.write(`${stdout.style("red", "failed:")} ${networkWords(network)}\n`);
  for (const relaxation of status.relaxations) stdout.write(`${stdout.style("yellow", "relaxed:")} ${relaxation}\n`);
}
