/**
 * openclaw.json of a worker. Pure; held against OpenClaw's own validator in tests.
 *
 * A worker runs what a model chose: it gets no token of any kind. What it needs to reach its gateway
 * it earns by pairing, and keeps on its own data drive.
 */
import type { HandlerFiles, HandlerInput } from "../../handlers/handler-input.ts";
import { offerMaker } from "../../handlers/known-handlers.ts";
import { CONFIG_NAME, LOG_PATH } from "../guest-paths.ts";
import { WORKER_HANDLER } from "../handler-names.ts";
import { configFile } from "./config-file.ts";
import { gatewayPort } from "./gateway-config.ts";

export function workerFiles(input: HandlerInput): HandlerFiles {
  const gateway = offerMaker(WORKER_HANDLER, input.peers);
  const document = {
    gateway: {
      mode: "remote",
      ...(gateway === undefined
        ? {}
        : { remote: { url: `wss://${gateway.ipv4}:${gatewayPort(gateway.type)}`, transport: "direct" } }),
    },
    nodeHost: {
      workerRuns: { enabled: true, capacity: 1 },
      autoUpdate: { enabled: false },
      browserProxy: { enabled: false },
      skills: { enabled: false },
    },
    plugins: { enabled: false },
    logging: { file: LOG_PATH, consoleStyle: "json" },
    update: { checkOnStart: false },
  };
  return { config: [configFile(CONFIG_NAME, document)], secrets: [], connectors: [] };
}
