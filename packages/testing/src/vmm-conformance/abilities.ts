/** What this version of a VMM can't do, a case can't ask of it: it is skipped, with the driver's reason. */
import type { TestContext } from "node:test";
import type { VmAbility, VmmDriver } from "@mvm/runtime";

/** Whether the case has to end here. */
export async function lacks(driver: VmmDriver, context: TestContext, ...abilities: VmAbility[]): Promise<boolean> {
  const { cannot } = await driver.fingerprint();
  const reason = abilities.map((ability) => cannot[ability]).find((one) => one !== undefined);
  if (reason !== undefined) context.skip(reason);
  return reason !== undefined;
}
