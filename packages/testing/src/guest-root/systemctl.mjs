#!/usr/lib/mvm/node
// Stands for systemctl in a guest without systemd: starts, stops and shows the units of
// /units/*.json ({"argv":[…],"env":{…},"uid":n}), their output in /run/journal/*.log. Tests only.
import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";

const JOURNAL = "/run/journal";
const pidFile = (unit) => `${JOURNAL}/${unit}.pid`;

function livePid(unit) {
  if (!existsSync(pidFile(unit))) return null;
  const pid = Number(readFileSync(pidFile(unit), "utf8"));
  try {
    process.kill(pid, 0);
    return pid;
  } catch {
    return null;
  }
}

function start(unit) {
  if (livePid(unit) !== null) return;
  const { argv, env, uid } = JSON.parse(readFileSync(`/units/${unit}.json`, "utf8"));
  mkdirSync(JOURNAL, { recursive: true });
  const log = openSync(`${JOURNAL}/${unit}.log`, "a");
  const child = spawn(argv[0], argv.slice(1), { env, uid, gid: uid, detached: true, stdio: ["ignore", log, log] });
  closeSync(log);
  child.unref();
  writeFileSync(pidFile(unit), String(child.pid));
}

function stop(unit) {
  const pid = livePid(unit);
  if (pid !== null) process.kill(-pid, "SIGKILL");
  rmSync(pidFile(unit), { force: true });
}

const [verb, ...args] = process.argv.slice(2);
const units = args.filter((argument) => !argument.startsWith("--"));
for (const unit of units) {
  if (verb === "stop" || verb === "restart") stop(unit);
  if (verb === "start" || verb === "restart") start(unit);
  if (verb === "show") {
    const pid = livePid(unit);
    const state = pid !== null ? "ActiveState=active\nSubState=running" : "ActiveState=inactive\nSubState=dead";
    process.stdout.write(
      `Id=${unit}\nResult=success\nNRestarts=0\nExecMainStatus=0\nMainPID=${pid ?? 0}\n${state}\n\n`,
    );
  }
}
