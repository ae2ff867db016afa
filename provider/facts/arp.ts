/** ARP: which addresses of a range other machines have. Only asked before a network is made. */
import { asset } from "../engine/asset.js";
import { factFor } from "../engine/fact.js";

export interface Probe {
  /** Docker's network; while it is there, nothing is asked. */
  readonly name: string;
  /** The host's own address. Every host gets the questions of all, and the one that has it asks. */
  readonly address?: string | undefined;
  /** The link by which it is asked. @default the link that holds `address` */
  readonly link?: string | undefined;
  readonly range: string;
}

export interface Neighbour {
  readonly address: string;
  readonly mac: string;
}

/** More addresses than that would be too many questions at once on somebody's LAN. */
const most = 22;

const program = () => asset("facts/arp-probe.pl").replace(/^\s*#.*\n|^\s+/gm, "");

/** @param probeOf undefined where nothing is to be asked */
export function neighbours<I>(probeOf: (inputs: I) => Probe | undefined) {
  return factFor(
    (inputs: I) => {
      const probe = probeOf(inputs);
      if (probe === undefined || Number(probe.range.split("/")[1]) < most) return [];
      const { name, address = "", link = "", range } = probe;
      const why = `ask who has addresses of ${range}`;
      const words = [name, address, link, range, program()];
      return [{ why, argv: ["sh", "-c", asset("facts/arp-probe.sh"), "sh", ...words] }];
    },
    ([answer]): readonly Neighbour[] =>
      (answer?.stdout ?? "").split("\n").flatMap((text) => {
        const [, address, mac] = /^(\d+\.\d+\.\d+\.\d+) ([0-9a-f:]{17})$/.exec(text) ?? [];
        return address === undefined || mac === undefined ? [] : [{ address, mac }];
      }),
  );
}
