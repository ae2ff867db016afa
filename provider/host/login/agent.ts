import { type IdentityCallback, OpenSSHAgent, type ParsedKey } from "ssh2";

/** An agent that offers its keys in the order of IdentityFile, as OpenSSH does: a host gives up after a few keys. */
export class SortedAgent extends OpenSSHAgent {
  /**
   * @param wanted public keys that come first
   * @param only whether the others are not offered at all (IdentitiesOnly)
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
