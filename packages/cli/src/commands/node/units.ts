/**
 * `mvm node units`: prints the systemd units of this installation, or writes them where systemd looks.
 * It runs nothing: what systemd does with them is the operator's next command.
 */
import { MvmError } from "@mvm/core";
import { dirname, join } from "node:path";
import type { Command } from "../../command-spec.ts";
import { findInstallation } from "../../host/installation.ts";
import { printResult } from "../../output/document.ts";
import { announceConfig, factsOf } from "../../session.ts";
import { COMMANDS_AFTER, systemdUnits } from "./systemd-units.ts";

/** Some 2 KiB for each of at most 8192 processors. */
const MAX_CPUINFO_BYTES = 16 * 1024 * 1024;

export const printUnits: Command = async (context, input) => {
  const loaded = await announceConfig(context, input);
  const { node, coordinator, images } = loaded.config;
  const cpuInfo = await context.files.read("/proc/cpuinfo", MAX_CPUINFO_BYTES);
  const files = systemdUnits({
    program: join(findInstallation().root, "mvm"),
    configPath: loaded.path,
    stateDir: node.state_dir,
    keysDir: node.keys_dir,
    runtimeDir: node.runtime_dir,
    imagesDir: images.dir,
    coordinatorDir: dirname(coordinator.socket),
    cpuInfo: cpuInfo?.toString("utf8") ?? "",
    stopTimeoutSeconds: node.stop_timeout_seconds,
  });
  const isWritten = input.flag("write");
  if (isWritten && !context.isRoot)
    throw new MvmError("MVM_HOST_NOT_ROOT", { message: "only root writes systemd's units" });
  if (isWritten) for (const { path, text } of files) await context.files.writeAtomic(path, text, { mode: 0o644 });
  const { stdout } = context;
  printResult(context, input, {
    config: factsOf(loaded),
    document: { files, written: isWritten, commands_after: COMMANDS_AFTER },
    text: () => {
      for (const { path, text } of files) stdout.write(isWritten ? `wrote ${path}\n` : `### ${path}\n${text}\n`);
      if (isWritten) for (const command of COMMANDS_AFTER) stdout.write(`next: ${command}\n`);
    },
  });
};
