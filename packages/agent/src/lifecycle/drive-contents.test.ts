import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Secret, SecretName } from "@mvm/core";
import type { InstanceDocument } from "@mvm/guest";
import { testNodeSpec, testPair } from "@mvm/testing";
import type { StartOrder } from "../journal/operation-record.ts";
import { viewsOf } from "../plan/views.ts";
import { driveContents } from "./drive-contents.ts";
import { driveUuid } from "./steps/drives.ts";

function orderOf(id: string): StartOrder {
  const spec = testNodeSpec({ tenants: { acme: testPair({ gw: { requiredSecrets: ["gateway.token"] } }) } });
  const view = viewsOf(spec, { instances: new Map(), networks: new Map() }).find((candidate) => candidate.id === id);
  assert.ok(view?.type);
  const { tenant, pool, instance, type, peers } = view;
  return { tenant, pool, instance, type, peers: [...peers] };
}

const SECRETS = new Map([[SecretName.parse("gateway.token"), new Secret("the-token-of-acme")]]);

function textOf(files: ReturnType<typeof driveContents>["config"], path: string): string {
  const file = files.find((candidate) => candidate.path === path);
  assert.ok(file, `there is ${path}`);
  return Buffer.from(file.contents as Uint8Array).toString("utf8");
}

describe("what stands on an instance's drives", () => {
  it("says who the instance is", () => {
    const document = JSON.parse(
      textOf(driveContents(orderOf("acme-wk-0"), new Map()).config, "instance.json"),
    ) as InstanceDocument;
    assert.equal(document.instance_id, "acme-wk-0");
    assert.deepEqual(document.network, { address: "10.64.1.11", prefix_length: 24, gateway: "10.64.1.1" });
    assert.deepEqual(document.guest_handlers, ["openclaw.node"]);
  });

  it("gives the network in words that a shell reads as themselves", () => {
    const text = textOf(driveContents(orderOf("acme-wk-0"), new Map()).config, "network.env");
    assert.equal(text, "HOSTNAME=acme-wk-0\nADDRESS=10.64.1.11\nPREFIX_LENGTH=24\nGATEWAY=10.64.1.1\n");
  });

  it("puts secrets on the secrets drive only, and none into a worker", () => {
    const gateway = driveContents(orderOf("acme-gw-0"), SECRETS);
    assert.ok(
      gateway.secrets.some(({ contents }) => Buffer.from(contents as Uint8Array).includes("the-token-of-acme")),
    );
    assert.ok(!JSON.stringify(gateway.config).includes("the-token-of-acme"));
    assert.deepEqual(driveContents(orderOf("acme-wk-0"), SECRETS).secrets, []);
  });

  it("has a fixed UUID for each drive of a volume", () => {
    const volume = "6fad691f-38fd-430e-ace6-68fc32cb2c8d";
    assert.equal(driveUuid(volume, "mvm-config"), driveUuid(volume, "mvm-config"));
    assert.notEqual(driveUuid(volume, "mvm-config"), driveUuid(volume, "mvm-secrets"));
    assert.match(
      driveUuid(volume, "mvm-config"),
      /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
  });
});
