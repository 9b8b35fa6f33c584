import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeRoutes } from "./node-api.ts";
import { operatorRoutes } from "./operator-api.ts";
import { routePath } from "./route.ts";

test("parameters are filled in encoded; one without a value stays to be seen", () => {
  assert.equal(
    routePath("/v1/tenants/:tenant/secrets/:name", { tenant: "a/../b", name: "x y" }),
    "/v1/tenants/a%2F..%2Fb/secrets/x%20y",
  );
  assert.equal(routePath("/v1/tenants/:tenant", {}), "/v1/tenants/:tenant");
});

test("no two routes of the coordinator's socket are the same", () => {
  const all = [...Object.values(nodeRoutes), ...Object.values(operatorRoutes)].map(
    ({ method, path }) => `${method} ${path.replaceAll(/:[a-z]+/g, ":")}`,
  );
  assert.equal(new Set(all).size, all.length);
});
