import assert from "node:assert/strict";
import { InstanceId, Secret } from "@mvm/core";
import { volumesConformance } from "../volumes-conformance.ts";
import { FakeClock } from "./fake-clock.ts";
import { FakeMachine } from "./fake-machine.ts";
import { fakeVolumes, readVolume } from "./fake-volumes.ts";
import { MemoryFiles } from "./memory-files.ts";

for (const dataDrive of ["luks-file", "block-device"] as const) {
  volumesConformance({
    name: `fake ${dataDrive} volumes`,
    async open() {
      const files = new MemoryFiles({ tmpfs: ["/run/secrets"] });
      for (const directory of ["/state/acme-gw-0", "/run/secrets"]) await files.ensureDir(directory);
      const machine = new FakeMachine({ clock: new FakeClock(), files, dataDrive });
      return {
        dataDrive,
        files,
        request: {
          instance: InstanceId.parse("acme-gw-0"),
          sizeMib: 16,
          tenantKey: new Secret(Buffer.alloc(32, 7)),
          stateDir: "/state/acme-gw-0",
          keyPath: "/run/secrets/acme-gw-0",
        },
        start: () => fakeVolumes(machine),
        async isReadable({ path, luksKeyPath }) {
          if (luksKeyPath !== undefined && (await files.stat(luksKeyPath)) === null) return false;
          try {
            return readVolume(files, machine.fileBehind(path)).sizeMib >= 16;
          } catch {
            return false;
          }
        },
        cleanUp: async () => assert.deepEqual(machine.violations, []),
      };
    },
  });
}
