/** `mvm secrets set`: the value comes by file, pipe or a hidden prompt, never by the command line. */
import { resolve } from "node:path";
import { isMvmError, MvmError, operatorRoutes } from "@mvm/core";
import type { CommandInput } from "../../command-input.ts";
import type { Command } from "../../command-spec.ts";
import type { CliContext } from "../../context.ts";
import { printResult } from "../../output/document.ts";
import { withSession } from "../../session.ts";

const MAX_BYTES = 64 * 1024;

export const setSecret: Command = (context, input) =>
  withSession(context, input, async ({ coordinator, configFacts }) => {
    const [tenant, name] = [input.arg(0), input.arg(1)];
    const value = await valueOf(context, input, name);
    const answer = await coordinator.call(operatorRoutes.setSecret, {
      params: { tenant, name },
      body: { value, claimed_by: context.claimedBy },
      signal: context.signal,
    });
    printResult(context, input, {
      config: configFacts,
      document: { tenant_id: tenant, ...answer },
      text: () => context.stdout.write(`${name} of ${tenant} is set (secrets epoch ${answer.secrets_epoch})\n`),
    });
  });

/** The value without one final line end, which editors add. */
async function valueOf(context: CliContext, input: CommandInput, name: string): Promise<string> {
  const bytes = await bytesOf(context, input, name);
  const value = decode(bytes, name).replace(/\r?\n$/, "");
  if (value === "")
    throw new MvmError("MVM_SECRET_INVALID", {
      message: `the value of '${name}' is empty`,
      remedy: "Give a value by --from-file or standard input.",
    });
  return value;
}

async function bytesOf(context: CliContext, input: CommandInput, name: string): Promise<Buffer> {
  const file = input.text("from-file");
  if (file === undefined)
    return context.stdin.isTty
      ? Buffer.from(await context.stdin.ask(`${name}: `, { hidden: true }))
      : context.stdin.readAll(MAX_BYTES);
  const bytes = await context.files.read(resolve(context.cwd, file), MAX_BYTES).catch((cause: unknown) => {
    throw new MvmError("MVM_SECRET_INVALID", {
      message: `can't read ${file}${isMvmError(cause) ? `: it is larger than ${MAX_BYTES} bytes` : ""}`,
      cause,
    });
  });
  if (bytes === null)
    throw new MvmError("MVM_SECRET_INVALID", { message: `no file ${file}`, remedy: "Check the path of --from-file." });
  return bytes;
}

function decode(bytes: Buffer, name: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new MvmError("MVM_SECRET_INVALID", {
      message: `the value of '${name}' is not UTF-8 text`,
      remedy: "Secrets are text: encode binary values first.",
    });
  }
}
