#!/usr/lib/mvm/node
// Stands for journalctl beside systemctl.mjs: the lines of one unit's log as journalctl's JSON, a
// line's number being its cursor. Tests only.
import { existsSync, readFileSync } from "node:fs";

const option = (name) => process.argv.find((argument) => argument.startsWith(`--${name}=`))?.slice(name.length + 3);
const unit = option("unit") ?? "";
const path = `/run/journal/${unit}.log`;
const lines = existsSync(path) ? readFileSync(path, "utf8").trimEnd().split("\n") : [];
const after = option("after-cursor");
const from = after === undefined ? Math.max(0, lines.length - Number(option("lines"))) : Number(after) + 1;
lines.slice(from).forEach((message, index) => {
  const entry = {
    __CURSOR: String(from + index),
    __REALTIME_TIMESTAMP: "1",
    MESSAGE: message,
    PRIORITY: "6",
    _SYSTEMD_UNIT: unit,
  };
  process.stdout.write(`${JSON.stringify(entry)}\n`);
});
