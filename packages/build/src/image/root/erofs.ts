/**
 * The root file system's image: erofs, because it is read-only by nature, needs no fix-up to be the
 * same bytes for the same tree, and reads fast. Not compressed: an emulated guest would unpack it
 * an order of magnitude slower than the host reads it. Pure.
 */
import { uuidFromHash, type CommandRequest } from "@mvm/core";
import { SOURCE_DATE_EPOCH } from "../debian/mmdebstrap.ts";

const MKFS_TIMEOUT_MS = 10 * 60_000;

/** @param inputHash 64 hexadecimal digits; the file system's UUID is made from it */
export function mkfsErofsRequest(tree: string, imagePath: string, inputHash: string): CommandRequest {
  return {
    argv: ["mkfs.erofs", "--quiet", `-T${SOURCE_DATE_EPOCH}`, "-U", uuidFromHash(inputHash), imagePath, tree],
    timeoutMs: MKFS_TIMEOUT_MS,
  };
}
