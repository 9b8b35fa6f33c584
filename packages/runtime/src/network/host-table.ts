/**
 * Which uplinks the host's table holds, as far as removal needs to know: decodes
 * `nft -j list table` output (JSON schema of libnftables-json(5)). Pure.
 */
import * as z from "zod";
import { UPLINKS_SET } from "./host-ruleset.ts";

const NftSet = z.object({ name: z.string(), elem: z.array(z.unknown()).default([]) });
const Listing = z.object({ nftables: z.array(z.object({ set: NftSet.optional() })) });

/** The host's ends of all tenants' uplinks. */
export function decodeTableUplinks(stdout: string): readonly string[] {
  const document: unknown = JSON.parse(stdout);
  const uplinks = Listing.parse(document).nftables.find(({ set }) => set?.name === UPLINKS_SET)?.set;
  return z.array(z.string()).parse(uplinks?.elem ?? []);
}
