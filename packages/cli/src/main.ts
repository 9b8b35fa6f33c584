/** The program `mvm`: this process's streams, then the command line. Nothing else happens here. */
import { processStreams } from "./host/process-streams.ts";
import { runCli } from "./run-cli.ts";

const streams = processStreams();
process.exitCode = await runCli(process.argv.slice(2), streams, async () =>
  (await import("./host/process-context.ts")).processContext(streams),
);
