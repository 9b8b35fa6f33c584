/** Reads one member of a JSON text in a test, without pretending to know the text's type. */

/**
 * The member at a dotted path such as `config.path` or `instances.0.state`; undefined where there is none.
 * @throws SyntaxError when the text is not one JSON document
 */
export function jsonAt(text: string, path: string): unknown {
  const root: unknown = JSON.parse(text);
  return path
    .split(".")
    .reduce<unknown>(
      (value, key) => (value !== null && typeof value === "object" ? Reflect.get(value, key) : undefined),
      root,
    );
}
