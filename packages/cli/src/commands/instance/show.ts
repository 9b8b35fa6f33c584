/** `mvm instance show`. */
import { type InstanceView, operatorRoutes, timeText } from "@mvm/core";
import type { Command } from "../../command-spec.ts";
import { ageText, durationText } from "../../output/age.ts";
import { counted } from "../../output/counts.ts";
import { printResult } from "../../output/document.ts";
import { holdEnd } from "../../output/hold-words.ts";
import { noteOf, stateSince } from "../../output/instance-words.ts";
import { stateCell } from "../../output/state-cell.ts";
import { printFacts } from "../../output/table.ts";
import { withSession } from "../../session.ts";

export const showInstance: Command = (context, input) =>
  withSession(context, input, async ({ coordinator, configFacts }) => {
    const { instance } = await coordinator.call(operatorRoutes.getInstance, {
      params: { instance: input.arg(0) },
      signal: context.signal,
    });
    const nowMs = context.clock.nowMs();
    printResult(context, input, {
      config: configFacts,
      document: { instance },
      text: () =>
        printFacts(context.stdout, [
          ["instance", instance.instance_id],
          ["state", `${stateCell(context.stdout, instance)} for ${ageText(stateSince(instance), nowMs)}`],
          ["note", noteOf(instance, nowMs) || null],
          ...identity(instance),
          ...lifeOf(instance, nowMs),
          ...guestOf(instance),
        ]),
    });
  });

type Facts = readonly (readonly [string, string | null])[];

function identity(view: InstanceView): Facts {
  const { vcpus, mem_mib: memMib, data_mib: dataMib } = view.resources;
  return [
    ["type", `${view.role} × ${view.profile} (${view.type_hash.slice(0, 12)})`],
    ["revision", view.revision],
    ["resources", `${counted(vcpus, "vCPU")}, ${memMib} MiB memory, ${dataMib} MiB data${dataSoFar(view)}`],
    ["node", view.node],
    ["address", `${view.ipv4}, ${view.mac}, ${view.tap}`],
    ["ingress", view.ingress_port === null ? null : `127.0.0.1:${view.ingress_port}`],
    ["volume", view.volume_uuid],
  ];
}

/** Where the volume holds something else than it is to hold. */
function dataSoFar({ resources, status }: InstanceView): string {
  const soFar = status?.data_mib ?? null;
  return soFar === null || soFar === resources.data_mib ? "" : ` (${soFar} MiB so far)`;
}

function lifeOf(view: InstanceView, nowMs: number): Facts {
  return [...wishOf(view, nowMs), ...runOf(view)];
}

/** What the counts want, what the spec asks for, and the hold where it makes the difference. */
function wishOf({ wanted, goal, hold }: InstanceView, nowMs: number): Facts {
  return [
    ["wanted", wanted],
    ["goal", goal === wanted ? goal : `${goal}, by the hold`],
    [
      "hold",
      hold === null ? null : `${hold.kind}, by ${hold.by} since ${timeText(hold.since)}, ${holdEnd(hold, nowMs)}`,
    ],
  ];
}

function runOf({ status }: InstanceView): Facts {
  if (status === null) return [];
  const { hello_ms: helloMs, ready_ms: readyMs, attempts, hung_boots: hungBoots } = status.boot;
  const times = [
    helloMs === null ? null : `answered after ${durationText(helloMs)}`,
    readyMs === null ? null : `ready after ${durationText(readyMs)}`,
    `attempt ${attempts}`,
    counted(hungBoots, "hung boot"),
  ];
  return [
    ["boot", times.filter((time) => time !== null).join(", ")],
    ["process", status.pid === null ? null : `pid ${status.pid}, uid ${status.uid ?? "?"}`],
    [
      "versions",
      `config ${status.config_version}, secrets ${status.secrets_epoch}, volume ${status.volume_generation}`,
    ],
    ["config", status.config_hash],
  ];
}

function guestOf(view: InstanceView): Facts {
  const guest = view.status?.guest;
  if (!guest) return [];
  const connectors = guest.connectors.map(
    ({ name, enabled, missing, detail }) =>
      `${name} ${enabled ? "on" : `off (missing: ${missing.join(", ") || "not wanted"})`}${detail === undefined ? "" : `: ${detail}`}`,
  );
  return [
    ["guest", `${guest.ready ? "ready" : "not ready"}: ${guest.reason}`],
    ["data drive", guest.data_drive],
    ["connectors", connectors.length === 0 ? null : connectors.join("; ")],
  ];
}
