import assert from "node:assert/strict";
import { test } from "node:test";
import { isStartedFor } from "./remains.ts";

const tail = ["--api-sock", "/run/api.sock", "--log-path", "/log"];

test("a jailer and its VMM are known by the id that they were told", () => {
  assert.ok(isStartedFor(["/opt/fc/jailer", "--id", "acme-gw-0", "--exec-file", "/x", "--", ...tail], "acme-gw-0"));
  assert.ok(isStartedFor(["/firecracker", "--id", "acme-gw-0", "--start-time-us", "1", ...tail], "acme-gw-0"));
  assert.ok(!isStartedFor(["/firecracker", "--id", "acme-gw-01", ...tail], "acme-gw-0"));
  assert.ok(!isStartedFor(["grep", "acme-gw-0"], "acme-gw-0"));
  assert.ok(!isStartedFor([], "acme-gw-0"));
});
