/**
 * The quickstart's config before it is written: what refuses on account of it leaves no file behind.
 * Used by up and down.
 */
import { type Files, loadConfig, type LoadedConfig } from "@mvm/core";
import type { CliContext } from "../../context.ts";
import { configTextToBe, configTemplate, quickstartFiles, type WriteRequest } from "./write-files.ts";

/** @throws MvmError of `loadConfig`, MVM_CONFIG_UNREADABLE */
export async function loadPlannedConfig(
  { files, cwd }: Pick<CliContext, "files" | "cwd">,
  request: WriteRequest,
): Promise<LoadedConfig> {
  const path = quickstartFiles(request.dir).config;
  const text = Buffer.from(await configTextToBe(files, request));
  const planned: Files = {
    ...files,
    read: (wanted, maxBytes) => (wanted === path ? Promise.resolve(text) : files.read(wanted, maxBytes)),
    stat: (wanted) => files.stat(wanted === path ? configTemplate(request.root) : wanted),
  };
  return loadConfig({ flag: path, cwd, files: planned });
}
