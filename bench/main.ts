/**
 * `npm run bench [FIGURE…]`: measures and prints one table. Not a test: a figure beyond its limit is
 * marked, and the exit code is 0 as long as everything could be measured.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { requires } from "@mvm/testing";
import { cliStart } from "./cli-start.ts";
import { type Figure, isWithin, type Measurement } from "./figure.ts";
import { firecrackerBoot } from "./firecracker-boot.ts";
import { gatewayStart } from "./gateway-start.ts";
import { idleAgent } from "./idle-agent.ts";
import { imageBuild } from "./image-build.ts";
import { ROOT } from "./measure.ts";
import { minimalBoot } from "./minimal-boot.ts";
import { quickstart } from "./quickstart.ts";
import { sleepWake } from "./sleep-wake.ts";

const figures: readonly Figure[] = [
  cliStart,
  imageBuild,
  minimalBoot,
  sleepWake,
  firecrackerBoot,
  idleAgent,
  gatewayStart,
  quickstart,
];

async function main(names: readonly string[]): Promise<number> {
  const unknown = names.find((name) => !figures.some((figure) => figure.name === name));
  if (unknown !== undefined) {
    console.error(`bench: no figure '${unknown}'. There are:`);
    for (const { name, summary } of figures) console.error(`  ${name.padEnd(18)}${summary}`);
    return 2;
  }
  bundle();
  const measurements: Measurement[] = [];
  let failed = 0;
  for (const figure of figures) {
    if (names.length > 0 && !names.includes(figure.name)) continue;
    const obstacle = await requires(...figure.needs);
    if (obstacle !== false) {
      console.error(`${figure.name}: left out: ${obstacle}`);
      continue;
    }
    try {
      measurements.push(...(await figure.measure((line) => console.error(`${figure.name}: ${line}`))));
    } catch (error) {
      failed += 1;
      console.error(`${figure.name}: could not be measured:`, error);
    }
  }
  printTable(measurements);
  return failed === 0 ? 0 : 1;
}

/**
 * What is measured is the bundle, as it is shipped, of the sources as they are. In the lab host there is nothing to
 * make one with: there the bundle lies beside the sources that it was made from.
 */
function bundle(): void {
  if (!existsSync(join(ROOT, "node_modules", "esbuild"))) return;
  const { status } = spawnSync(process.execPath, [join(ROOT, "scripts", "build.ts")], { stdio: "inherit" });
  if (status !== 0) throw new Error("the program could not be bundled");
}

function printTable(measurements: readonly Measurement[]): void {
  const rows = [["FIGURE", "MEASURED", "AGAINST", "RATIO", "WANTED", ""], ...measurements.map(cells)];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  for (const row of rows)
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    );
}

function cells(measurement: Measurement): string[] {
  const { figure, value, unit, against, limit, note } = measurement;
  const within = isWithin(measurement);
  return [
    figure,
    `${value.toFixed(1)} ${unit}`,
    against === null ? "-" : `${against.what}: ${against.value.toFixed(1)} ${unit}`,
    against === null ? "-" : (value / against.value).toFixed(2),
    limit === null ? "-" : `≤ ${limit.most}${limit.kind === "ratio" ? " ×" : ` ${unit}`}`,
    [within === false ? "BEYOND" : "", note ?? ""].filter((text) => text !== "").join(" "),
  ];
}

process.exitCode = await main(process.argv.slice(2));
