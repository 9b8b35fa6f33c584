/** The version of the agent inside the guest; said in `hello`, in `status` and by `--version`. */
export const AGENT_VERSION = "0.1.0";
