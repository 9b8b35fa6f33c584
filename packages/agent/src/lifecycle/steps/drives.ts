/**
 * The small read-only drives: config on disk, secrets on tmpfs. The same files give the same bytes,
 * because their UUIDs follow from the instance's volume.
 */
import { join } from "node:path";
import { sha256 } from "@mvm/core";
import type { DriveImageRequest } from "@mvm/build";
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
  isDone: async ({ ports: { files }, paths }) =>
    (await files.stat(paths.secretsImage)) !== null && (await files.stat(paths.configImage)) !== null,
};

function driveRequests({ order, paths, ledger, contents }: StartContext): readonly DriveImageRequest[] {
  const ownerUid = ledger.record().uid ?? 0;
  const uuid = (label: string): string => driveUuid(order.instance.volume_uuid, label);
  return [
    {
      label: "mvm-config",
      uuid: uuid("mvm-config"),
      files: contents.config,
      outputPath: paths.configImage,
      scratchDir: join(paths.secretsDir, "config-tree"),
      ownerUid,
    },
    {
      label: "mvm-secrets",
      uuid: uuid("mvm-secrets"),
      files: contents.secrets,
      outputPath: paths.secretsImage,
      scratchDir: join(paths.secretsDir, "secrets-tree"),
      ownerUid,
    },
  ];
}

/** A UUID (version 8: by our own rule) that is fixed for an instance's volume and a label. */
export function driveUuid(volumeUuid: string, label: string): string {
  const digits = sha256(`${volumeUuid}/${label}`);
  const variant = (8 + (Number.parseInt(digits.charAt(16), 16) % 4)).toString(16);
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-8${digits.slice(13, 16)}-${variant}${digits.slice(17, 20)}-${digits.slice(20, 32)}`;
}
