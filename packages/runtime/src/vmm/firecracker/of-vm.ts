/**
 * Every error about a VM says which one it is about: the parts below know paths, processes and answers, the
 * operator knows instances. Called around what bring-up and the driver do with one VM.
 */
import { isMvmError, retold, type InstanceId } from "@mvm/core";

/** @throws what `work` throws, an MvmError with the VM's id in its message and as `instance` in its details */
export async function ofVm<T>(id: InstanceId, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw named(error, id);
  }
}

function named(error: unknown, id: InstanceId): unknown {
  if (!isMvmError(error)) return error;
  const { message } = error;
  return retold(error, { message: message.includes(id) ? message : `${id}: ${message}`, details: { instance: id } });
}
