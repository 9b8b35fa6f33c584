/**
 * What a start needs beyond what every operation has, and the checks that yield it.
 *
 * `prepareStart` reads and verifies, and throws what becomes a refusal: the instance then stays as it
 * is. It changes one thing, and last: it takes the ingress port, because nothing less shows that the
 * port is free. A caller that does not go on to begin the start gives it back. Called before the
 * intent is journalled, and again when a start that was cut is taken up.
 */
import { MvmError, secretContext, unseal, type Secret, type SecretName } from "@mvm/core";
import type { InstanceRecord } from "../journal/instance-record.ts";
import type { StartOrder } from "../journal/operation-record.ts";
import type { InstancePaths } from "../node-paths.ts";
import { hasDataDrive } from "./data-drive.ts";
import { expectDiskRoom, type DiskCheck } from "./disk-room.ts";
import { driveContents, type DriveContents } from "./drive-contents.ts";
import type { BootImage, LifecyclePorts } from "./ports.ts";
import type { StepContext } from "./step.ts";

export interface StartContext extends StepContext {
  readonly order: StartOrder;
  readonly image: BootImage;
  readonly tenantKey: Secret;
  readonly contents: DriveContents;
}

export type Prepared = Pick<StartContext, "image" | "tenantKey" | "contents">;

export interface StartCheck {
  readonly order: StartOrder;
  readonly record: InstanceRecord;
  readonly paths: InstancePaths;
  /** A directory that is there, on the disk that instances lie on. */
  readonly diskDir: string;
}

/** @throws MvmError the refusal: image, key, secret, config, data, room on disk or ingress port are not as they must be */
export async function prepareStart(check: StartCheck, ports: LifecyclePorts): Promise<Prepared> {
  const { order } = check;
  const image = await ports.images.verified(order.pool.revision);
  const tenantKey = await ports.keys.tenantKey(order.tenant.tenant_id);
  const secrets = openSecrets(order, tenantKey);
  const contents = driveContents(order, secrets);
  await expectVolume(check, ports);
  // A start that was cut has filled some of it already.
  if (check.record.state === "stopped") await expectDiskRoom(diskCheck(check), ports.files);
  const port = order.instance.ingress_port;
  if (port !== null) await ports.ingress.claim(order.instance.instance_id, port);
  return { image, tenantKey, contents };
}

function diskCheck({ order, paths, diskDir }: StartCheck): DiskCheck {
  const { data_mib, mem_mib: memMib } = order.pool.resources;
  const dataMib = hasDataDrive({ order }) ? data_mib : 0;
  return { instance: order.instance.instance_id, volumePath: paths.volume, dataMib, memMib, diskDir };
}

/** Opens the secrets that the type may see, and no other. */
function openSecrets(order: StartOrder, tenantKey: Secret): ReadonlyMap<SecretName, Secret> {
  const opened = new Map<SecretName, Secret>();
  for (const { name, required } of order.type.secrets) {
    const sealed = order.tenant.secrets[name];
    if (sealed !== undefined)
      opened.set(name, unseal(sealed, { key: tenantKey, context: secretContext(order.tenant.tenant_id, name) }));
    else if (required)
      throw new MvmError("MVM_SECRET_MISSING", {
        message: `${order.instance.instance_id} needs the secret '${name}', which tenant '${order.tenant.tenant_id}' has not set`,
      });
  }
  return opened;
}

/** Data that the guest once confirmed must still be there: an empty volume in its place is no start. */
async function expectVolume({ record, paths }: StartCheck, { files }: LifecyclePorts): Promise<void> {
  if (record.volume_generation === 0 || (await files.stat(paths.volume)) !== null) return;
  throw new MvmError("MVM_VOLUME_FAILED", {
    message: `the data volume of ${record.instance_id} is not at ${paths.volume}`,
    remedy: "Restore the volume and the sealed key beside it, or destroy the instance.",
  });
}
