/** Decides which image a pool runs: the newest accepted one for its type, or the one that is named. Pure. */
import type { CatalogueImage, ErrorCode, ResolvedType, RevisionId } from "@mvm/core";

export interface RevisionRequest {
  readonly type: ResolvedType;
  readonly wanted: "latest" | RevisionId;
  /** All images, newest first. */
  readonly images: readonly CatalogueImage[];
  readonly acceptedKinds: readonly string[];
}

export type RevisionChoice =
  | { readonly revision: RevisionId }
  | { readonly revision: null; readonly code: ErrorCode; readonly message: string; readonly remedy: string };

/** The revision, or why there is none. */
export function pickRevision({ type, wanted, images, acceptedKinds }: RevisionRequest): RevisionChoice {
  const fits = ({ manifest }: CatalogueImage): boolean =>
    manifest.profile === type.profile && (manifest.role === null || manifest.role === type.role);
  const build = `Build it: mvm image build ${type.role} ${type.profile}.`;

  if (wanted !== "latest") {
    const named = images.find(({ manifest }) => manifest.revision === wanted);
    if (named === undefined)
      return refuse(
        "MVM_IMAGE_NOT_FOUND",
        `there is no image of revision ${wanted}`,
        'See mvm image list, or say "latest".',
      );
    if (!fits(named)) {
      const made =
        named.manifest.role === null ? named.manifest.profile : `${named.manifest.role}/${named.manifest.profile}`;
      return refuse(
        "MVM_FLEET_INVALID",
        `revision ${wanted} is an image for ${made}, not for ${type.role}/${type.profile}`,
        build,
      );
    }
    return acceptedKinds.includes(named.manifest.kind) ? { revision: wanted } : notAccepted(named, acceptedKinds);
  }

  const fitting = images.filter(fits);
  const newest = fitting.find(({ manifest }) => acceptedKinds.includes(manifest.kind));
  if (newest !== undefined) return { revision: newest.manifest.revision };
  const [other] = fitting;
  return other === undefined
    ? refuse("MVM_IMAGE_NOT_FOUND", `there is no image for ${type.role}/${type.profile}`, build)
    : notAccepted(other, acceptedKinds);
}

function notAccepted({ manifest }: CatalogueImage, acceptedKinds: readonly string[]): RevisionChoice {
  return refuse(
    "MVM_IMAGE_NOT_ACCEPTED",
    `image ${manifest.revision} is of kind '${manifest.kind}'; accepted: ${acceptedKinds.join(", ")}`,
    "Add its kind to [images] accept in mvm.toml and restart both servers, or use an image of an accepted kind.",
  );
}

function refuse(code: ErrorCode, message: string, remedy: string): RevisionChoice {
  return { revision: null, code, message, remedy };
}
