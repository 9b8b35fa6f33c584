/**
 * What is kept of the kernel's files between builds: their version, and which blobs they are. Images
 * share them; a blob that a record names is in use.
 */
import { join } from "node:path";
import { Artifact, type Files } from "@mvm/core";
import * as z from "zod";
import type { ImageStore } from "./image-store.ts";

const MAX_RECORD_BYTES = 64 * 1024;
const FILE_NAME = /^kernel-[0-9a-f]{64}\.json$/;

export const KernelRecord = z.strictObject({
  version: z.string(),
  kernel: Artifact,
  vmlinux: Artifact,
  initrd: Artifact,
});
export type KernelRecord = z.infer<typeof KernelRecord>;

/** @param hash over what the files are made from */
export function kernelRecordPath(store: ImageStore, hash: string): string {
  return join(store.partsDir, `kernel-${hash}.json`);
}

/** Null when there is none that can be read. */
export async function readKernelRecord(path: string, files: Files): Promise<KernelRecord | null> {
  const text = await files.read(path, MAX_RECORD_BYTES);
  if (text === null) return null;
  try {
    return KernelRecord.parse(JSON.parse(text.toString()));
  } catch {
    return null;
  }
}

/** All records of the store. */
export async function kernelRecords(store: ImageStore, files: Files): Promise<readonly KernelRecord[]> {
  const names = (await files.list(store.partsDir)).filter((name) => FILE_NAME.test(name));
  const records = await Promise.all(names.map((name) => readKernelRecord(join(store.partsDir, name), files)));
  return records.filter((record) => record !== null);
}
