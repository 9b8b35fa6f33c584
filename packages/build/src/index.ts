/** The public names of build. */
export type { DriveFile, DriveImageRequest, DriveImages } from "./drives/drive-image.ts";
export { createDriveImages } from "./drives/drive-images.ts";
export { buildImage } from "./image/build-image.ts";
export type { BuildImageRequest, BuiltImage } from "./image/build-request.ts";
export { type BuildLock, type BuildPorts, type BuildProgress, type BuildStep } from "./image/build-ports.ts";
export { createBuildLock } from "./image/host/build-lock.ts";
export { openImageCatalog } from "./image/store/image-catalog.ts";
export { purgeImages } from "./image/store/purge-images.ts";
export { verifyImage } from "./image/store/verify-image.ts";
