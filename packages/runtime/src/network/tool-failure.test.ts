import assert from "node:assert/strict";
import { test } from "node:test";
import { explainIp, explainNft, explainOther } from "./tool-failure.ts";

test("nft: the first reason with the line that it is about", () => {
  const text = "add table inet t\nadd element inet t s { 10.0.0.1 . 99999 }\n";
  const stderr =
    "/run/x.nft:2:35-39: Error: Service out of range\nadd element inet t s { 10.0.0.1 . 99999 }\n                                  ^^^^^\n";
  assert.deepEqual(explainNft(stderr, text), {
    reason: "Service out of range",
    line: "add element inet t s { 10.0.0.1 . 99999 }",
  });
});

test("nft: an element that is asked for and missing means that the rules don't hold it", () => {
  const stderr = "/run/x.nft:1:1-10: Error: Could not process rule: No such file or directory\n";
  assert.deepEqual(explainNft(stderr, "get element netdev t s { x }\n"), {
    reason: "the rules do not hold it",
    line: "get element netdev t s { x }",
  });
});

test("ip: the kernel's answer with the line of the batch", () => {
  const lines = ["netns add x", "link add name br0 type bridge"];
  assert.deepEqual(explainIp("RTNETLINK answers: File exists\nCommand failed -:2\n", lines), {
    reason: "File exists",
    line: lines[1],
  });
  assert.deepEqual(explainIp("Error: Nexthop has invalid gateway.\nCommand failed -:1\n", lines), {
    reason: "Nexthop has invalid gateway.",
    line: lines[0],
  });
  assert.deepEqual(explainIp('setting the network namespace "x" failed: Invalid argument\n', lines), {
    reason: 'setting the network namespace "x" failed: Invalid argument',
    line: null,
  });
});

test("anything else: its first line, or that there was none", () => {
  assert.deepEqual(explainOther("\nsysctl: cannot stat /proc/sys/x: No such file or directory\nmore\n"), {
    reason: "sysctl: cannot stat /proc/sys/x: No such file or directory",
    line: null,
  });
  assert.deepEqual(explainNft("", ""), { reason: "it gave no reason", line: null });
});
