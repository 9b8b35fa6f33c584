/**
 * What a command that speaks to the servers starts with: the configuration, named on standard error,
 * and clients of the two sockets that it names.
 */
import {
  isMvmError,
  loadConfig,
  type LoadedConfig,
  type MvmError,
  retold,
  unixClient,
  type UnixClient,
} from "@mvm/core";
import { nodePaths } from "@mvm/agent";
import type { CommandInput } from "./command-input.ts";
import type { CliContext } from "./context.ts";

export interface Session {
  readonly loaded: LoadedConfig;
  readonly coordinator: UnixClient;
  readonly agent: UnixClient;
  /** The config in use, as it stands in every `--json` document. */
  readonly configFacts: ConfigFacts;
}

export interface ConfigFacts {
  readonly path: string;
  readonly rule: string;
  /** SHA-256 of the file's bytes. */
  readonly sha256: string;
  /** Hash of its effective meaning. */
  readonly meaning: string;
}

const RULE_WORDS: Readonly<Record<LoadedConfig["rule"], string>> = {
  flag: "--config",
  "current-directory": "current directory",
  system: "system",
};

/**
 * Loads the config and runs `use` with it. An error of `use` says in its details which config it was.
 * @throws MvmError of `loadConfig`, and whatever `use` throws
 */
export async function withSession(
  context: CliContext,
  input: CommandInput,
  use: (session: Session) => Promise<void>,
): Promise<void> {
  const loaded = await announceConfig(context, input);
  const configFacts = factsOf(loaded);
  try {
    await use({
      loaded,
      configFacts,
      coordinator: coordinatorClient(context, loaded.config),
      agent: agentClient(loaded.config),
    });
  } catch (error) {
    throw isMvmError(error) ? withConfig(error, configFacts) : error;
  }
}

/** A client of the coordinator that notes what it is asked to change. */
export function coordinatorClient(
  { noteChange }: Pick<CliContext, "noteChange">,
  { coordinator }: LoadedConfig["config"],
): UnixClient {
  const client = unixClient(coordinator.socket);
  return {
    call(route, call) {
      if (route.method !== "GET") noteChange();
      return client.call(route, call);
    },
  };
}

/** A client of the agent of this node. */
export function agentClient({ node }: LoadedConfig["config"]): UnixClient {
  return unixClient(nodePaths({ stateDir: node.state_dir, runtimeDir: node.runtime_dir }).socket);
}

/** Loads the config that the command line names and says on standard error which one it is. */
export async function announceConfig(context: CliContext, input: CommandInput): Promise<LoadedConfig> {
  const loaded = await loadConfig({ flag: input.text("config"), cwd: context.cwd, files: context.files });
  announce(context, loaded);
  return loaded;
}

/** The line that names the config in use. */
export function announce({ stderr }: CliContext, loaded: LoadedConfig): void {
  const line = `config: ${loaded.shownAs} (${RULE_WORDS[loaded.rule]}) sha256:${loaded.bytesHash.slice(0, 12)}`;
  stderr.write(`${stderr.style("dim", line)}\n`);
}

export function factsOf(loaded: LoadedConfig): ConfigFacts {
  return { path: loaded.path, rule: loaded.rule, sha256: loaded.bytesHash, meaning: loaded.meaningHash };
}

function withConfig(error: MvmError, config: ConfigFacts): MvmError {
  return retold(error, { details: { config } });
}
