/** What text files of the kernel say. Pure. */

/** One line of /proc/self/mountinfo, as far as it matters here. */
export interface Mount {
  readonly mountPoint: string;
  readonly options: readonly string[];
}

/** The mount that holds `path`: the deepest one above it, the last one where several are stacked. */
export function mountOf(mountInfo: string, path: string): Mount | null {
  let best: Mount | null = null;
  for (const line of mountInfo.split("\n")) {
    const [, , , , place, options] = line.split(" ");
    if (place === undefined || options === undefined) continue;
    const mountPoint = unescaped(place);
    const holds = mountPoint === "/" || path === mountPoint || path.startsWith(`${mountPoint}/`);
    if (holds && (best === null || mountPoint.length >= best.mountPoint.length))
      best = { mountPoint, options: options.split(",") };
  }
  return best;
}

/** Blanks and the like stand in mountinfo as `\040`. */
function unescaped(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** Devices and files in /proc/swaps. */
export function swapDevices(swaps: string): readonly string[] {
  const lines = swaps.split("\n").slice(1);
  return lines.flatMap((line) => {
    const [device = ""] = line.split(/\s/, 1);
    return device === "" ? [] : [unescaped(device)];
  });
}

/** The microcode's revision in /proc/cpuinfo. */
export function microcodeOf(cpuinfo: string): string | null {
  return /^microcode\s*: (\S+)$/m.exec(cpuinfo)?.[1] ?? null;
}
