/**
 * What can be shown of a host from outside only: that it comes back. Run by run-lab.ts after the
 * suite, in this order, against the servers that install.ts has started as units; each case finds and leaves
 * the two tenants of `FLEET` running, and the last one destroys them.
 */
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";

import { InstanceView } from "@mvm/core";
import * as z from "zod";

import { INSTALLED } from "./install.ts";
import type { Lab } from "./machine/lab-machine.ts";
import { type LabShell, quotedWord } from "./machine/lab-shell.ts";

const COMMAND_TIMEOUT_MS = 120_000;
const APPLY_TIMEOUT_MS = 20 * 60_000;
const BACK_TIMEOUT_MS = 20 * 60_000;
const POLL_MS = 3000;
/** How long a guest writes before its host loses power. */
const WRITING_MS = 45_000;

const TENANTS = ["acme", "globex"];
const FLEET = `schema_version = 1
${TENANTS.map(
  (tenant) => `
[[tenants]]
tenant_id = "${tenant}"
egress = { policy = "deny" }

[[tenants.pools]]
pool_id = "p"
role = "probe"
profile = "probe"
desired_counts = { running = 1 }
`,
).join("")}`;

const InstanceList = z.object({ instances: z.array(InstanceView) });
const RunAnswer = z.object({ code: z.union([z.int(), z.string()]), stdout: z.string(), stderr: z.string() });

export interface OutsideCase {
  readonly name: string;
  readonly run: (lab: Lab) => Promise<void>;
}

export const outsideCases: readonly OutsideCase[] = [
  { name: "a reboot of the host brings back everything in the spec by itself", run: comesBackAfterReboot },
  { name: "a power cut in the middle of guests' writes loses no write that was acknowledged", run: keepsWrites },
  { name: "tenants are destroyed afterwards as ever", run: destroysTenants },
];

async function comesBackAfterReboot(lab: Lab): Promise<void> {
  const { shell } = lab;
  const apply = "cat > /root/fleet.toml && mvm fleet apply /root/fleet.toml --timeout 15m";
  await shell.run(apply, { input: FLEET, timeoutMs: APPLY_TIMEOUT_MS });
  const before = await runningOnes(shell);
  for (const view of before) await inGuest(shell, view, "echo kept > /data/mark && sync /data/mark");
  // Only in the guest's memory yet: it is kept because the agent lets the guest shut down before its host does.
  for (const view of before) await inGuest(shell, view, "echo unsynced > /data/last-word");
  await lab.reboot();
  for (const view of await backAgain(shell)) {
    const kept = await inGuest(shell, view, "cat /data/mark /data/last-word");
    assert.deepEqual({ [view.instance_id]: kept }, { [view.instance_id]: "kept\nunsynced\n" });
  }
}

/** Each guest appends numbers; a number counts from the moment that the guest has said it was synced. */
async function keepsWrites(lab: Lab): Promise<void> {
  const { shell } = lab;
  const acknowledged = new Map<string, number>();
  const write = async (view: InstanceView): Promise<void> => {
    // Much else is on its way to the disk when the power goes.
    await inGuest(
      shell,
      view,
      "(while :; do dd if=/dev/urandom of=/data/load bs=64k count=64 conv=fsync; done) >/dev/null 2>&1 &",
    );
    for (let number = 1; ; number += 1) {
      const said = await inGuest(shell, view, `echo ${number} >> /data/log && sync /data/log && echo ${number}`).catch(
        () => "",
      );
      if (said !== `${number}\n`) return;
      acknowledged.set(view.instance_id, number);
    }
  };
  const writers = Promise.all((await runningOnes(shell)).map(write));
  await delay(WRITING_MS);
  await lab.cutPower();
  // With the power their connections are gone.
  await writers;
  for (const view of await backAgain(shell)) {
    const last = acknowledged.get(view.instance_id) ?? 0;
    if (last < 2) throw new Error(`${view.instance_id} had acknowledged ${last} writes only: nothing is shown`);
    const kept = (await inGuest(shell, view, "cat /data/log")).trim().split("\n").map(Number);
    assert.deepEqual(
      { [view.instance_id]: kept.slice(0, last) },
      { [view.instance_id]: Array.from({ length: last }, (_, index) => index + 1) },
    );
  }
}

async function destroysTenants({ shell }: Lab): Promise<void> {
  for (const tenant of TENANTS)
    await shell.run(`mvm tenant destroy ${tenant} --yes --timeout 10m`, { timeoutMs: APPLY_TIMEOUT_MS });
  const left = await shell.run("ls /var/lib/mvm/instances; ip netns list", { timeoutMs: COMMAND_TIMEOUT_MS });
  assert.equal(left, "");
}

/** The instances, all of them running and ready. */
async function runningOnes(shell: LabShell): Promise<readonly InstanceView[]> {
  const stdout = await shell.run("mvm instance list --json", { timeoutMs: COMMAND_TIMEOUT_MS });
  const { instances } = InstanceList.parse(JSON.parse(stdout));
  const waiting = instances.filter(({ status }) => status?.state !== "running" || status.guest?.ready !== true);
  if (instances.length !== TENANTS.length || waiting.length > 0) throw new Error(`not all are running:\n${stdout}`);
  return instances;
}

/** Waits until all instances run again, by themselves, and their guests answer. */
async function backAgain(shell: LabShell): Promise<readonly InstanceView[]> {
  const deadline = performance.now() + BACK_TIMEOUT_MS;
  for (;;) {
    try {
      const views = await runningOnes(shell);
      // What the coordinator remembers of before is no answer.
      for (const view of views) await inGuest(shell, view, "true");
      return views;
    } catch (error) {
      if (performance.now() > deadline) {
        const journal = await shell.tryRun("journalctl -b -u 'mvm-*' -n 60 --no-pager", {
          timeoutMs: COMMAND_TIMEOUT_MS,
        });
        throw new Error(`not everything came back:\n${journal.stdout}`, { cause: error });
      }
      await delay(POLL_MS);
    }
  }
}

/** Runs a line in a guest of the tests' own profile, through its ingress port. @returns what it printed */
async function inGuest(
  shell: LabShell,
  { instance_id: id, ingress_port: port }: InstanceView,
  line: string,
): Promise<string> {
  const body = JSON.stringify({ argv: ["/bin/sh", "-c", line], timeout_ms: 60_000 });
  const script = `fetch("http://127.0.0.1:${port}/run", { method: "POST", body: process.argv[1] })
    .then((answer) => answer.text()).then((text) => console.log(text))`;
  const command = `${INSTALLED.node} -e ${quotedWord(script)} ${quotedWord(body)}`;
  const answer = RunAnswer.parse(JSON.parse(await shell.run(command, { timeoutMs: COMMAND_TIMEOUT_MS })));
  if (answer.code !== 0) throw new Error(`${id}: ${line}: ${answer.code}\n${answer.stderr}`);
  return answer.stdout;
}
