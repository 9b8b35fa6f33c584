import assert from "node:assert/strict";
import test from "node:test";
import {
  directIoArgv,
  luksFormatArgv,
  growFileArgv,
  growLoopArgv,
  growMappingArgv,
  luksOpenArgv,
  removeArgv,
} from "./luks-argv.ts";

const cases: readonly (readonly [argv: readonly string[], words: string])[] = [
  [
    luksFormatArgv("/v/data.luks.new", "luks1"),
    "cryptsetup luksFormat --type luks1 --batch-mode --cipher aes-xts-plain64 --key-size 512 --hash sha256 --pbkdf-force-iterations 1000 --key-file - /v/data.luks.new",
  ],
  [
    luksFormatArgv("/v/data.luks.new", "luks2"),
    "cryptsetup luksFormat --type luks2 --batch-mode --cipher aes-xts-plain64 --key-size 512 --hash sha256 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --sector-size 4096 --luks2-metadata-size 16k --luks2-keyslots-size 992k --key-file - /v/data.luks.new",
  ],
  [
    luksOpenArgv("/v/data.luks", "mvm-acme-gw-0"),
    "cryptsetup open --type luks2 --key-file - /v/data.luks mvm-acme-gw-0",
  ],
  [directIoArgv("loop7"), "losetup --direct-io=on /dev/loop7"],
  [removeArgv("mvm-acme-gw-0"), "dmsetup remove --retry mvm-acme-gw-0"],
  [growFileArgv("/v/data.luks", 2049), "truncate --size=>2049M /v/data.luks"],
  [growLoopArgv("loop7"), "losetup --set-capacity /dev/loop7"],
  [growMappingArgv("mvm-acme-gw-0"), "cryptsetup resize --key-file - mvm-acme-gw-0"],
];

for (const [argv, words] of cases) test(words, () => assert.equal(argv.join(" "), words));
