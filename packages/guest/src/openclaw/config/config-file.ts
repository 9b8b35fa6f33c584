/** A JSON file of the config drive: root's, readable by all, the same bytes from the same value. */
import type { HandlerFile } from "../../handlers/handler-input.ts";

export function configFile(path: string, value: unknown): HandlerFile {
  return { path, contents: `${JSON.stringify(value, null, 2)}\n`, mode: 0o444, uid: 0, gid: 0 };
}
