/**
 * A MAC address that follows from an address of IPv4. The first byte, 02, marks it as locally administered (IEEE 802).
 *
 * @param use the second byte, one for each use: no two devices on one network get the same
 */
export function localMac(use: "db" | "dc", address: string): string {
  const bytes = address.split(".").map((byte) => Number(byte).toString(16).padStart(2, "0"));
  return ["02", use, ...bytes].join(":");
}
