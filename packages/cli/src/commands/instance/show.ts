/** `mvm instance show`. */
import { type InstanceView, operatorRoutes } from "@mvm/core";
import type { Command } from "../../command-spec.ts";
import { ageText, durationText } from "../../output/age.ts";
import { counted } from "../../output/counts.ts";
import { printResult } from "../../output/document.ts";
import { noteOf } from "../../output/instance-words.ts";
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
          [
            "state",
            `${stateCell(context.stdout, instance)} for ${ageText(instance.status?.entered_at ?? null, nowMs)}`,
          ],
          ["note", noteOf(instance) || null],
          ...identity(instance),
          ...lifeOf(instance),
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
    ["resources", `${counted(vcpus, "vCPU")}, ${memMib} MiB memory, ${dataMib} MiB data`],
    ["node", view.node],
    ["address", `${view.ipv4}, ${view.mac}, ${view.tap}`],
    ["ingress", view.ingress_port === null ? null : `127.0.0.1:${view.ingress_port}`],
    ["volume", view.volume_uuid],
  ];
}

function lifeOf(view: InstanceView): Facts {
  const hold =
    view.hold === null
      ? null
      : `${view.hold.kind}, ${view.hold.wanted}, by ${view.hold.by} since ${view.hold.since}, until ${view.hold.until ?? "released"}`;
  const { status } = view;
  if (status === null)
    return [
      ["wanted", view.goal],
      ["hold", hold],
    ];
  const { hello_ms: helloMs, ready_ms: readyMs, attempts, hung_boots: hungBoots } = status.boot;
  const times = [
    helloMs === null ? null : `answered after ${durationText(helloMs)}`,
    readyMs === null ? null : `ready after ${durationText(readyMs)}`,
    `attempt ${attempts}`,
    counted(hungBoots, "hung boot"),
  ];
  return [
    ["wanted", view.goal],
    ["hold", hold],
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
