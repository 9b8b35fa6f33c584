/** IPv4 addresses as 32-bit numbers and ranges of them. Pure; takes only text that a schema has let through. */

export interface Ipv4Range {
  readonly base: number;
  readonly prefixLength: number;
}

const OCTETS = 256;
const ADDRESS_BITS = 32;

/** The range of `10.64.0.0/10`; bits below the prefix are dropped. */
export function parseRange(cidr: string): Ipv4Range {
  const [address = "", length = "32"] = cidr.split("/");
  const prefixLength = Number(length);
  const value = address.split(".").reduce((sum, octet) => sum * OCTETS + Number(octet), 0);
  return { base: value - (value % 2 ** (ADDRESS_BITS - prefixLength)), prefixLength };
}

/** Dotted decimals of an address. */
export function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join(".");
}

export function formatRange({ base, prefixLength }: Ipv4Range): string {
  return `${formatAddress(base)}/${prefixLength}`;
}

/** How many addresses a range holds. */
export function sizeOf({ prefixLength }: Ipv4Range): number {
  return 2 ** (ADDRESS_BITS - prefixLength);
}
