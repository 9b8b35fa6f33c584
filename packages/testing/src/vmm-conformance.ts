/**
 * What every driver of VMs must do: one suite, run by each driver's own test on real VMs. The cases
 * lie in vmm-conformance/.
 */
import { after, before, describe, test } from "node:test";
import type { DriverCapabilities, VmmDriver } from "@mvm/runtime";
import { requires, type Need } from "./requirements.ts";
import { ensureTestImage } from "./test-images.ts";
import { openVmFixture, type VmFixture } from "./vm-fixture.ts";
import type { Case } from "./vmm-conformance/bench.ts";
import { growthCases } from "./vmm-conformance/growth-cases.ts";
import { lifeCases } from "./vmm-conformance/life-cases.ts";
import { pauseCases } from "./vmm-conformance/pause-cases.ts";
import { refusalCases } from "./vmm-conformance/refusal-cases.ts";
import { restoreRefusalCases } from "./vmm-conformance/restore-refusal-cases.ts";
import { snapshotCases } from "./vmm-conformance/snapshot-cases.ts";

export interface DriverUnderTest {
  readonly name: string;
  /** What the driver needs of a machine, beyond root, namespaces and an image. */
  readonly needs: readonly Need[];
  /** The kind of data drive that it opens; default `luks-file`. */
  readonly dataDrive?: DriverCapabilities["dataDrive"];
  /** A driver object as a newly started agent makes it; the suite closes it. */
  readonly open: (fixture: VmFixture) => VmmDriver;
}

interface ImageCases {
  readonly profile: string;
  readonly role: string;
  readonly cases: readonly Case[];
}

/** The cases by the image that their VMs boot: `probe` has a witness in it. */
const casesByImage: readonly ImageCases[] = [
  { profile: "minimal", role: "worker", cases: [...lifeCases, ...refusalCases] },
  { profile: "probe", role: "probe", cases: [...pauseCases, ...growthCases, ...snapshotCases, ...restoreRefusalCases] },
];

/** Registers the suite's tests; skipped, with the reason, where the machine lacks something. */
export async function vmmConformance({ name, needs, dataDrive, open }: DriverUnderTest): Promise<void> {
  const skip = await requires("root", "network", "volumes", "images", ...needs);
  for (const { profile, role, cases } of casesByImage) {
    void describe(`${name}: driver conformance with ${profile} VMs`, { skip }, () => {
      let fixture: VmFixture;
      const drivers: VmmDriver[] = [];
      const start = (): VmmDriver => {
        const driver = open(fixture);
        drivers.push(driver);
        return driver;
      };

      before(async () => {
        fixture = await openVmFixture(await ensureTestImage(profile, role), dataDrive);
      });
      after(async () => {
        for (const driver of drivers) driver.close();
        await fixture.close();
      });

      for (const [what, body] of cases) void test(what, (context) => body({ name, fixture, start }, context));
    });
  }
}
