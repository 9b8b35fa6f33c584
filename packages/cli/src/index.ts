/** The public names of the CLI, for tests: programs call main.ts. */
export type { CliContext, CliStreams, Input, Output, TextStyle } from "./context.ts";
