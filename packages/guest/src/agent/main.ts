/**
 * The program inside every guest, bundled into one file and started by systemd as root: serves the
 * guest channel on the virtio-serial port, where the VM has one, and, when told, on a unix socket
 * (for a vsock bridge).
 *
 * guest-agent.mjs [--device PATH] [--socket PATH] [--version]
 *
 * It must start fast: it runs on emulated CPUs too, and the host waits for its first answer.
 */
import { parseArgs } from "node:util";
import { jsonLogger, messageOf, nodeClock, nodeFiles, type Logger } from "@mvm/core";
import { INSTANCE_DOCUMENT_PATH, InstanceDocument } from "../protocol/instance-document.ts";
import { AGENT_VERSION } from "../protocol/agent-version.ts";
import { boundedCommands } from "./adapters/bounded-commands.ts";
import { listenOnUnixSocket } from "./adapters/unix-server.ts";
import { openVirtioPort } from "./adapters/virtio-port.ts";
import { deviceStream } from "./device-stream.ts";
import type { GuestHandler } from "./handler.ts";
import { loadHandlers } from "./handler-table.ts";
import { createGuestService } from "./service.ts";
import { serveGuest, type GuestService } from "./server.ts";
import { watchServices } from "./services.ts";

const DEVICE_PATH = "/dev/virtio-ports/org.mvm.guest";

/** Null when there is no such file or it is not valid: the agent serves all the same, and says so. */
async function readInstance(log: Logger): Promise<InstanceDocument | null> {
  try {
    const text = await nodeFiles.read(INSTANCE_DOCUMENT_PATH, 64 * 1024);
    return text === null ? null : InstanceDocument.parse(JSON.parse(text.toString("utf8")));
  } catch (error) {
    log.error("guest.instance.invalid", { error: messageOf(error) });
    return null;
  }
}

async function compose(log: Logger): Promise<GuestService> {
  const instance = await readInstance(log);
  const services = watchServices({ units: instance?.services ?? [], commands: boundedCommands, clock: nodeClock });
  const ports = { files: nodeFiles, commands: boundedCommands, clock: nodeClock, services, log };
  const handlers: ReadonlyMap<string, GuestHandler> =
    instance === null ? new Map() : await loadHandlers({ ...ports, instance });
  const forever = new AbortController().signal;
  for (const handler of handlers.values()) handler.start(forever);
  return createGuestService({
    ...ports,
    agentVersion: AGENT_VERSION,
    handlers,
    knowsItself: instance !== null,
    readInstance: () => readInstance(log),
  });
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      device: { type: "string", default: DEVICE_PATH },
      socket: { type: "string" },
      version: { type: "boolean" },
    },
  });
  if (values.version === true) {
    process.stdout.write(`${AGENT_VERSION}\n`);
    return;
  }
  const log = jsonLogger((line) => process.stderr.write(`${line}\n`), nodeClock, { program: "guest-agent" });
  const service = await compose(log);
  if (values.socket !== undefined) {
    await listenOnUnixSocket(values.socket, (stream) => void serveGuest({ stream, service, log }));
    log.info("guest.agent.serving", { socket: values.socket });
    // The link is made before this program starts, or not at all.
    if ((await nodeFiles.stat(values.device)) === null) return;
  }
  const stream = deviceStream(await openVirtioPort(values.device), nodeClock);
  log.info("guest.agent.serving", { device: values.device });
  await serveGuest({ stream, service, log });
  // The port went away under us: systemd starts the agent anew.
  process.exitCode = 1;
}

main().catch((error: unknown) => {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
});
