import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeClock } from "@mvm/core";
import { parseShow, showArgv, watchServices } from "./services.ts";

const SHOWN = `Id=openclaw-gateway.service
Result=exit-code
NRestarts=3
MainPID=0
ExecMainStatus=78
ActiveState=activating
SubState=auto-restart

Id=probe.service
Result=success
NRestarts=0
MainPID=412
ExecMainStatus=0
ActiveState=active
SubState=running
`;

test("systemctl's blocks become reports in the order of the question; a unit it left out is unknown", () => {
  assert.deepEqual(parseShow(SHOWN, ["probe.service", "gone.service", "openclaw-gateway.service"]), [
    {
      name: "probe.service",
      active_state: "active",
      sub_state: "running",
      result: "success",
      main_pid: 412,
      restarts: 0,
      exit_status: 0,
    },
    {
      name: "gone.service",
      active_state: "unknown",
      sub_state: "unknown",
      result: "unknown",
      main_pid: 0,
      restarts: 0,
      exit_status: 0,
    },
    {
      name: "openclaw-gateway.service",
      active_state: "activating",
      sub_state: "auto-restart",
      result: "exit-code",
      main_pid: 0,
      restarts: 3,
      exit_status: 78,
    },
  ]);
});

test("the question names units after a --, so that none is taken for an option", () => {
  assert.deepEqual(showArgv(["a.service"]).slice(-2), ["--", "a.service"]);
});

test("questions at the same moment share one command; no units need none", async () => {
  let runs = 0;
  const commands = {
    run: async () => {
      runs += 1;
      return { code: 0, stdout: SHOWN, stderr: "", truncated: false };
    },
  };
  const watch = watchServices({ units: ["probe.service"], commands, clock: nodeClock });
  const [one, two] = await Promise.all([watch.read(), watch.read()]);
  assert.equal(runs, 1);
  assert.equal(one, two);
  assert.deepEqual(await watchServices({ units: [], commands, clock: nodeClock }).read(), []);
  assert.equal(runs, 1);
});
