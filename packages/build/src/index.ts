/** The public names of build. */
export type { DriveFile, DriveImageRequest, DriveImages } from "./drives/drive-image.ts";
export { createDriveImages } from "./drives/drive-images.ts";
export { buildImage, type BuildImageRequest, type BuiltImage } from "./image/build-image.ts";
export { buildSteps, type BuildLock, type BuildPorts, type BuildProgress, type BuildStep } from "./image/build-ports.ts";
export { createBuildLock } from "./image/host/build-lock.ts";
export { openImageCatalog } from "./image/store/image-catalog.ts";
export { verifyImage } from "./image/store/verify-image.ts";
