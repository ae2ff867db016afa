import { connect } from "node:net";
import { type IdentityCallback, OpenSSHAgent, type ParsedKey } from "ssh2";

/** An agent that offers its keys in the order of IdentityFile, as OpenSSH does: a host gives up after a few keys. */
export class SortedAgent extends OpenSSHAgent {
  /**
   * @param wanted public keys that come first
   * @param only true if the others are not offered at all (IdentitiesOnly)
   */
  constructor(
    path: string,
    private readonly wanted: readonly Buffer[],
    private readonly only: boolean,
  ) {
    super(path);
  }

  override getIdentities(answer: IdentityCallback<ParsedKey>): void {
    super.getIdentities((error, keys = []) => {
      if (error) return answer(error);
      const ranked = keys.map((key) => ({
        key,
        rank: this.wanted.findIndex((each) => each.equals(blobOf(key))),
      }));
      const first = ranked.filter(({ rank }) => rank >= 0).sort((a, b) => a.rank - b.rank);
      const others = this.only ? [] : ranked.filter(({ rank }) => rank < 0);
      return answer(
        undefined,
        [...first, ...others].map(({ key }) => key),
      );
    });
  }
}

type Listed = NonNullable<Parameters<IdentityCallback<ParsedKey>>[1]>[number];

function blobOf(key: Listed): Buffer {
  return "getPublicSSH" in key ? key.getPublicSSH() : Buffer.alloc(0);
}

/** A certificate that an agent holds, which ssh2 passes over. */
export interface AgentCertificate {
  /** The comment of the key: mostly the file that it came from. */
  readonly comment: string;
  /** The line of the key itself, "ssh-ed25519 AAAA...", if the agent holds it besides the certificate. */
  readonly key?: string;
}

const listKeys = Buffer.from([0, 0, 0, 1, 11]);
const mostBytes = 1 << 20;

/** The certificates of an agent. [] if it does not answer: its silence is told where a login by it fails. */
export function certificatesIn(path: string): Promise<readonly AgentCertificate[]> {
  return new Promise((resolve) => {
    let answer = Buffer.alloc(0);
    const socket = connect(path);
    const end = () => {
      socket.destroy();
      resolve(certificatesOf(identitiesIn(answer)));
    };
    socket.setTimeout(2000, end);
    socket.once("error", end).once("close", end);
    socket.on("data", (part) => {
      answer = Buffer.concat([answer, part]);
      const whole = answer.length >= 4 && answer.length >= 4 + answer.readUInt32BE(0);
      if (whole || answer.length > mostBytes) end();
    });
    socket.write(listKeys);
  });
}

interface Identity {
  readonly blob: Buffer;
  readonly comment: string;
}

/** The answer to a request for the keys: a number of pairs of key and comment. */
function identitiesIn(answer: Buffer): readonly Identity[] {
  const found: Identity[] = [];
  const reader = new Reader(answer.subarray(9));
  for (;;) {
    const blob = reader.next();
    const comment = reader.next();
    if (blob === undefined || comment === undefined) return found;
    found.push({ blob, comment: comment.toString() });
  }
}

/** Of a certificate, the key's own numbers stand behind its type and its nonce, as they do in the key. */
export function certificatesOf(held: readonly Identity[]): readonly AgentCertificate[] {
  return held.flatMap(({ blob, comment }): AgentCertificate[] => {
    const reader = new Reader(blob);
    const type = reader.next()?.toString("latin1") ?? "";
    if (!type.includes("-cert-v0") || reader.next() === undefined) return [];
    const own = held.find((each) => {
      const key = new Reader(each.blob);
      const name = key.next()?.toString("latin1") ?? "";
      return !name.includes("-cert-v0") && key.rest.length > 0 && startsWith(reader.rest, key.rest);
    });
    if (own === undefined) return [{ comment }];
    const name = new Reader(own.blob).next()?.toString("latin1");
    return [{ comment, key: `${name} ${own.blob.toString("base64")}` }];
  });
}

function startsWith(whole: Buffer, start: Buffer): boolean {
  return whole.subarray(0, start.length).equals(start);
}

/** Strings as ssh writes them: a length of four bytes, then the bytes. */
class Reader {
  constructor(public rest: Buffer) {}

  next(): Buffer | undefined {
    if (this.rest.length < 4) return undefined;
    const end = 4 + this.rest.readUInt32BE(0);
    if (end > this.rest.length) return undefined;
    const found = this.rest.subarray(4, end);
    this.rest = this.rest.subarray(end);
    return found;
  }
}
