/**
 * The small read-only drives: config on disk, secrets on tmpfs. The same files give the same bytes,
 * because their UUIDs follow from the instance's volume.
 */
import { join } from "node:path";
import { sha256, uuidFromHash } from "@mvm/core";
import type { DriveImageRequest } from "@mvm/build";
import { hasSecretsDrive } from "../secrets-drive.ts";
import type { StartContext } from "../start-context.ts";
import type { Step } from "../step.ts";

export const buildDrives: Step<StartContext> = {
  name: "build-drives",
  do: async (context) => {
    for (const request of driveRequests(context)) await context.ports.drives.write(request);
  },
  undo: async ({ ports: { files }, paths }) => {
    await files.remove(paths.secretsImage);
    await files.remove(paths.configImage);
  },
  isDone: async ({ ports: { files }, paths, ledger }) => {
    const { order } = ledger.operation();
    const needed = order !== null && hasSecretsDrive({ order }) ? [paths.secretsImage] : [];
    const found = await Promise.all([paths.configImage, ...needed].map((path) => files.stat(path)));
    return found.every((facts) => facts !== null);
  },
};

function driveRequests(context: StartContext): readonly DriveImageRequest[] {
  const { order, paths, contents } = context;
  const uuid = (label: string): string => driveUuid(order.instance.volume_uuid, label);
  const config: DriveImageRequest = {
    label: "mvm-config",
    uuid: uuid("mvm-config"),
    files: contents.config,
    outputPath: paths.configImage,
    scratchDir: join(paths.secretsDir, "config-tree"),
  };
  const secrets: DriveImageRequest = {
    label: "mvm-secrets",
    uuid: uuid("mvm-secrets"),
    files: contents.secrets,
    outputPath: paths.secretsImage,
    scratchDir: join(paths.secretsDir, "secrets-tree"),
  };
  return hasSecretsDrive(context) ? [config, secrets] : [config];
}

/** A UUID that is fixed for an instance's volume and a label. */
export function driveUuid(volumeUuid: string, label: string): string {
  return uuidFromHash(sha256(`${volumeUuid}/${label}`));
}
