/**
 * What every driver of VMs must do: one suite, run by each driver's own test on real VMs of the
 * image `minimal`. The cases lie in vmm-conformance/.
 */
import { after, before, describe, test } from "node:test";
import type { VmmDriver } from "@mvm/runtime";
import { requires, type Need } from "./requirements.ts";
import { ensureTestImage } from "./test-images.ts";
import { openVmFixture, type VmFixture } from "./vm-fixture.ts";
import { lifeCases } from "./vmm-conformance/life-cases.ts";
import { refusalCases } from "./vmm-conformance/refusal-cases.ts";

export interface DriverUnderTest {
  readonly name: string;
  /** What the driver needs of a machine, beyond root, namespaces and an image. */
  readonly needs: readonly Need[];
  /** A driver object as a newly started agent makes it; the suite closes it. */
  readonly open: (fixture: VmFixture) => VmmDriver;
}

/** Registers the suite's tests; skipped, with the reason, where the machine lacks something. */
export async function vmmConformance({ name, needs, open }: DriverUnderTest): Promise<void> {
  const skip = await requires("root", "network", "volumes", "images", ...needs);
  void describe(`${name}: driver conformance`, { skip }, () => {
    let fixture: VmFixture;
    const drivers: VmmDriver[] = [];
    const start = (): VmmDriver => {
      const driver = open(fixture);
      drivers.push(driver);
      return driver;
    };

    before(async () => {
      fixture = await openVmFixture(await ensureTestImage("minimal"));
    });
    after(async () => {
      for (const driver of drivers) driver.close();
      await fixture.close();
    });

    for (const [what, body] of [...lifeCases, ...refusalCases]) void test(what, () => body({ name, fixture, start }));
  });
}
