/** The inputs of a ForwardRule and their normal form. */
import { z } from "zod";
import type { OnHost } from "../../engine/kind.js";
import { nic, onHost, range, source } from "../host/inputs.js";
import { type Links, linksForm } from "../host/links.js";

export interface ForwardRuleInputs extends OnHost {
  /** The range that may be entered, the host's own subnet. Another range replaces it. @example "172.30.1.0/24" */
  readonly destination: string;
  /** The peers' subnets and own addresses, which may enter. @example ["172.30.2.0/24", "192.168.145.129/32"] */
  readonly sources: readonly string[];
  /**
   * The interfaces by which they come. @default a source that is on a link of the host by that link, every other source
   * by the links of those; if none is on a link, by the link on which the host's route to the source leaves
   */
  readonly interfaces?: readonly string[] | undefined;
  /**
   * Who else may enter, by the device of a HostLink alone: the subnets of peers of other sites.
   * @default none @example { "dr-wg": ["172.30.3.0/24"] }
   */
  readonly links?: Links | undefined;
  /** Only these protocols and ports. Other ports replace it. @default all @example ["tcp/443", "icmp"] */
  readonly ports?: readonly string[] | undefined;
}

/** A form that iptables prints back as it was given, or a rule would be due for ever: no leading zeros, no 5:5. */
const port = z.string().refine(isPort, {
  error: ({ input }) =>
    `${JSON.stringify(input)} is not a port: "tcp/443", "udp/8000:8010" or "icmp", with numbers from 1 to 65535`,
});

function isPort(text: string): boolean {
  const [, first, last] = /^(?:tcp|udp|sctp)\/([1-9]\d{0,4})(?::([1-9]\d{0,4}))?$/.exec(text) ?? [];
  if (first === undefined) return text === "icmp";
  return (
    Number(first) <= 65535 && (last === undefined || (Number(first) < Number(last) && Number(last) <= 65535))
  );
}

const set = <T extends z.ZodType<string, string>>(item: T) =>
  z.array(item).transform((items): readonly string[] => [...new Set<string>(items)].sort());

/** iptables does not print such a range; and this resource is not for a rule that lets everybody in. */
const some = (property: string) => ({
  error: () => `${property} must be smaller than 0.0.0.0/0, which is everybody: name the peers' ranges`,
});
const notAll = (given: string): boolean => !given.endsWith("/0");

export const schema = z.strictObject({
  ...onHost,
  destination: range.refine(notAll, some("destination")),
  sources: set(source.refine(notAll, some("a source"))),
  interfaces: set(nic).optional(),
  links: linksForm.optional(),
  ports: set(port).optional(),
});
