/** Which drives an instance has, by what its role says of them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { singlePoolSpec } from "@mvm/testing";
import type { StartOrder } from "../journal/operation-record.ts";
import { viewsOf } from "../plan/views.ts";
import { hasDataDrive } from "./data-drive.ts";
import { hasSecretsDrive } from "./secrets-drive.ts";

type Drives = readonly ("data" | "secrets" | "config")[];

function orderWith(
  lists: { readonly required: Drives; readonly optional: Drives },
  pool: Parameters<typeof singlePoolSpec>[0] = {},
): { readonly order: Pick<StartOrder, "type" | "pool"> } {
  const [view] = viewsOf(singlePoolSpec(pool), { instances: new Map(), networks: new Map() });
  assert.ok(view?.type);
  const type = { ...view.type, required_drives: [...lists.required], optional_drives: [...lists.optional] };
  return { order: { type, pool: view.pool } };
}

const neither = { required: ["config"], optional: [] } as const;

test("a data drive: where the role names one and the pool gives it a size", () => {
  const optional = { required: ["config"], optional: ["data"] } as const;
  assert.equal(hasDataDrive(orderWith({ required: ["data"], optional: [] })), true);
  assert.equal(hasDataDrive(orderWith(optional)), true);
  assert.equal(hasDataDrive(orderWith(optional, { dataMib: 0 })), false);
  assert.equal(hasDataDrive(orderWith(neither)), false);
});

test("a secrets drive: required always, optional where the profile names secrets", () => {
  const optional = { required: ["config"], optional: ["secrets"] } as const;
  assert.equal(hasSecretsDrive(orderWith({ required: ["secrets"], optional: [] })), true);
  assert.equal(hasSecretsDrive(orderWith(optional, { requiredSecrets: ["model.key"] })), true);
  assert.equal(hasSecretsDrive(orderWith(optional)), false);
  assert.equal(hasSecretsDrive(orderWith(neither, { requiredSecrets: ["model.key"] })), false);
});
