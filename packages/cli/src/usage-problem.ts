/**
 * The command line can't be understood. Becomes MVM_USAGE where errors are printed; an error of its
 * own because what parses must load nothing of core, so that `mvm --version` stays cheap.
 */
export class UsageProblem extends Error {
  override readonly name = "UsageProblem";
  /** The command whose help says more, as typed after `mvm `; empty for the program's own. */
  readonly command: string | undefined;

  constructor(message: string, options: ErrorOptions & { readonly command?: string } = {}) {
    super(message, options);
    this.command = options.command;
  }
}
