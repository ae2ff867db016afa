import { BlockList } from "node:net";

/** True where two IPv4 ranges have an address in common: then one of them holds the whole other. */
export function overlap(one: string, other: string): boolean {
  return holds(one, other) || holds(other, one);
}

function holds(range: string, other: string): boolean {
  const [address = "", prefix] = range.split("/");
  const list = new BlockList();
  list.addSubnet(address, Number(prefix));
  return list.check(other.split("/")[0] ?? "");
}
