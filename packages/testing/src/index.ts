/** The public names of testing: fakes, conformance suites and fixtures. */
export {
  catalogueImage,
  listedCatalog,
  testImages,
  testSettings,
  testTables,
  type PlayedAgent,
} from "./coordinator-fixtures.ts";
export {
  instanceRow,
  nodeStatus,
  poolRow,
  secretRow,
  TEST_NODE,
  TEST_TIME,
  tenantRow,
  testType,
} from "./desired-rows.ts";
export { storeConformance } from "./store-conformance.ts";
export type { StoreUnderTest } from "./store-conformance/fixtures.ts";
export { outputLines, processes, type HostProcess } from "./host-state.ts";
export { startCaretaker, type Caretaker, type TestThings } from "./caretaker.ts";
export { capturedOutput, type CapturedOutput, type CapturedOutputOptions } from "./captured-output.ts";
export { instanceStatus, instanceView } from "./instance-views.ts";
export {
  arp,
  BROADCAST_MAC,
  echoRequest,
  type Endpoint,
  ethernet,
  ETHERTYPE,
  tagged,
  udp,
} from "./network/ethernet-frames.ts";
export { type HostListeners, listenOnHost } from "./network/host-listeners.ts";
export {
  arrives,
  datagram,
  hostConnects,
  hostIsRefused,
  hostReaches,
  isSilent,
  newTag,
  sawTag,
  SETTLE_MS,
  syn,
  type Tagged,
} from "./network/packet-probes.ts";
export type { RawGuest } from "./network/raw-guest.ts";
export {
  ALLOWED,
  HOST_OUTSIDE_IP,
  INGRESS_PORT,
  openTwoTenants,
  OUTSIDE_IPS,
  OUTSIDE_RANGE,
  OUTSIDE_TAP,
  TENANT_A,
  TENANT_B,
  TEST_NAME_PREFIX,
  testNetwork,
  testPort,
  type TestTenant,
  type TwoTenants,
} from "./network/two-tenants.ts";
export { startObedientNode, type ObedientNode } from "./obedient-node.ts";
export { jsonAt } from "./json-at.ts";
export { MemoryFiles, type MemoryFilesOptions } from "./fakes/memory-files.ts";
export { PowerCutDisk, type PowerCutDiskOptions } from "./power-cut-disk.ts";
export { staticProgram } from "./static-program.ts";
export { firecrackerOptions } from "./firecracker-options.ts";
export { firecrackerDir, requires, skipReason, type Need } from "./requirements.ts";
export { ensureTestImage, type TestImage } from "./test-images.ts";
export { openVmFixture, type TestVm, type VmFixture } from "./vm-fixture.ts";
export { vmmConformance, type DriverUnderTest } from "./vmm-conformance.ts";
export { volumesConformance } from "./volumes-conformance.ts";
export { openHostVolumes } from "./volumes-conformance/host-volumes.ts";
export { helloOf } from "./vmm-conformance/guest.ts";
export { inGuest, startWitness } from "./vmm-conformance/witness.ts";
export { installedOpenClaw, type InstalledOpenClaw, type OpenClawPlaces } from "./installed-openclaw.ts";
export { type AskedQuestion, type ModelServer } from "./model-server.ts";
export {
  connectWhenAdmitted,
  GatewayRefusal,
  newDeviceIdentity,
  OpenClawClient,
  type DeviceIdentity,
  type OpenClawClientOptions,
} from "./openclaw-client.ts";
export { FakeClock } from "./fakes/fake-clock.ts";
export { openFakeJailHost, type FakeJailHost, type JailHostFlaws } from "./fakes/fake-jail-host.ts";
export { FakeNode } from "./fakes/fake-node.ts";
export {
  singlePoolSpec,
  testNodeSpec,
  testPair,
  type TestPool,
  type TestSpec,
  type TestWish,
} from "./fakes/test-node-spec.ts";
export { withCoordinator, type CoordinatorOptions, type CoordinatorUnderTest } from "./running-coordinator.ts";
export { openOpenClawTenant, type OpenClawTenant } from "./guest-root/openclaw-tenant.ts";
export type { RootedGuest } from "./guest-root/rooted-guest.ts";
/** For the tests of packages that may not import runtime. */
export { createLinuxCommands } from "@mvm/runtime";
