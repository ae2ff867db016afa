/** The files of /etc that name an address of docker0's network, by grep: firewalls, exports, listeners of services. */
import { asset } from "../engine/asset.js";
import type { Answer, Command } from "../engine/command.js";
import { costly } from "../engine/fact.js";

const question: Command = {
  why: "read which files of /etc name docker0's network",
  argv: ["sh", "-c", asset("facts/mentions.sh")],
};

export interface Mention {
  readonly file: string;
  readonly line: number;
  /** "172.17.0.1", "172.17.0.0/16" or "172.17." */
  readonly address: string;
}

/** The lines that name an address of docker0's network as it is now. */
export const mentions = costly([question], readMentions);

function readMentions({ stdout }: Answer): readonly Mention[] {
  return stdout.split("\n").flatMap((text) => {
    const [, file, line, address] = /^(\/.*):(\d+):([\d./]+)$/.exec(text) ?? [];
    if (file === undefined || address === undefined) return [];
    // A full stop behind an address ends a sentence; "172.17." is a network.
    return [{ file, line: Number(line), address: address.replace(/^((?:\d+\.){3}\d+)\.$/, "$1") }];
  });
}
