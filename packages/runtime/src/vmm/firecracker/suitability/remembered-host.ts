/**
 * What the host can do, remembered for as long as the two programs stay the same files: an upgrade under a
 * running agent is seen before the next VM is started. Owned by the driver, which asks it before every launch.
 */
import type { Files } from "@mvm/core";
import type { DriverFingerprint } from "../../driver.ts";
import { rememberLook } from "../../remembered-look.ts";
import type { FirecrackerPorts } from "../driver-parts.ts";
import { lookAtHost, type HostRequest } from "./fingerprint.ts";

export function rememberedHost(
  ports: Pick<FirecrackerPorts, "commands" | "files">,
  request: HostRequest,
): () => Promise<DriverFingerprint> {
  const host = rememberLook(
    () => lookAtHost(ports, request),
    ({ unusable }) => unusable === null,
  );
  return async () => host.answer(await identityOf(ports.files, request.programs));
}

/** Whatever changes a program, its owner or its mode changes one of these. */
async function identityOf(files: Files, { firecracker, jailer }: HostRequest["programs"]): Promise<string> {
  const facts = await Promise.all([firecracker, jailer].map((path) => files.stat(path)));
  return JSON.stringify(
    facts.map((found) => [found?.inode, found?.sizeBytes, found?.modifiedAtMs, found?.changedAtMs]),
  );
}
