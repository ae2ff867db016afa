/** The names that dockroute gives on a host, for tests that change a thing by hand. */
import { digest, pathOf, type Script } from "../../provider/boot/script.js";

/** The chain of a ForwardRule in iptables: "DOCKROUTE-1f2e3d4c". */
export const forwardChain = (range: string): string => `DOCKROUTE-${digest(range)}`;
/** The nat chain of a MasqueradeRule in nft. */
export const natChain = (range: string): string => `masquerade-${digest(range)}`;
/** The chain of a ForwardRule that sets the mark of Docker's nftables backend. */
export const markChain = (range: string): string => `mark-${digest(range)}`;
/** The script that keeps a thing over reboots. */
export const scriptOf = (kind: Script["kind"], subject: string): string => pathOf({ kind, subject });
