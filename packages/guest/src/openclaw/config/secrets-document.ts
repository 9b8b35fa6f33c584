/**
 * The secrets of one instance as the JSON document that OpenClaw's file provider reads: the dotted
 * name `telegram.token` stands at `/telegram/token`. Pure, but its result is a secret: it goes onto
 * the secrets drive and nowhere else.
 */
import type { ResolvedType, Secret, SecretName } from "@mvm/core";
import { APP_GID, APP_UID } from "../../handlers/app-account.ts";
import type { HandlerFile } from "../../handlers/handler-input.ts";
import { visibleSecrets } from "../../handlers/visible-secrets.ts";
import { SECRETS_NAME } from "../guest-paths.ts";

interface SecretTree {
  [key: string]: SecretTree | string;
}

/** The file, owned by the application and readable by nobody else; no file when nothing is visible. */
export function secretsFiles(
  declared: ResolvedType["secrets"],
  secrets: ReadonlyMap<SecretName, Secret>,
): readonly HandlerFile[] {
  const names = visibleSecrets(declared, secrets);
  if (names.length === 0) return [];
  const tree: SecretTree = {};
  for (const name of names) insert(tree, name.split("."), secrets.get(name)?.reveal().toString("utf8") ?? "");
  return [{ path: SECRETS_NAME, contents: Buffer.from(JSON.stringify(tree)), mode: 0o400, uid: APP_UID, gid: APP_GID }];
}

function insert(tree: SecretTree, path: readonly string[], value: string): void {
  const [head = "", ...rest] = path;
  if (rest.length === 0) {
    Object.assign(tree, { [head]: value });
    return;
  }
  const below = tree[head];
  const subtree: SecretTree = typeof below === "object" ? below : {};
  Object.assign(tree, { [head]: subtree });
  insert(subtree, rest, value);
}
