/**
 * The secrets of a type without handlers: one file each, named as the secret, so that any program
 * of the image may read its own. Pure; its result goes onto the secrets drive and nowhere else.
 */
import { APP_GID, APP_UID } from "./app-account.ts";
import type { HandlerFile, HandlerInput } from "./handler-input.ts";
import { visibleSecrets } from "./visible-secrets.ts";

/** `/run/secrets/<name>`, owned by the application and readable by nobody else. */
export function plainSecretFiles({ type, secrets }: Pick<HandlerInput, "type" | "secrets">): readonly HandlerFile[] {
  return visibleSecrets(type.secrets, secrets).map((name) => ({
    path: name,
    contents: secrets.get(name)?.reveal() ?? "",
    mode: 0o400,
    uid: APP_UID,
    gid: APP_GID,
  }));
}
