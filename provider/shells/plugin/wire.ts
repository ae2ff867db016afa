/** The engine's messages as property bags, and back. Secrets come and go wrapped: the engine encrypts what is. */
import { Struct } from "google-protobuf/google/protobuf/struct_pb.js";
import type { Props } from "../lifecycle/props.js";

const signatureKey = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";

/** A message's properties in plain, and where secrets were. */
export interface Bag {
  readonly props: Props;
  /** Of each secret, the path to it: `connection`, `connection.password`. */
  readonly secrets: readonly string[];
}

export function opened(message: Struct | undefined): Bag {
  const secrets: string[] = [];
  const plain = (value: unknown, path: string): unknown => {
    if (Array.isArray(value)) return value.map((item, at) => plain(item, `${path}[${at}]`));
    if (typeof value !== "object" || value === null) return value;
    if (signatureOf(value) === secretSignature) {
      secrets.push(path);
      return plain("value" in value ? value.value : undefined, path);
    }
    // A null is what a language sends for an input that its program left out.
    const given = Object.entries(value).filter(([, one]) => one !== null);
    return Object.fromEntries(
      given.map(([name, one]) => [name, plain(one, path === "" ? name : `${path}.${name}`)]),
    );
  };
  const bag = plain(message?.toJavaScript() ?? {}, "");
  return { props: typeof bag === "object" && bag !== null ? { ...bag } : {}, secrets };
}

/** Outputs whose contents can be a login, or a proxy's password in daemon.json. */
const alwaysSecret = ["connection", "connections", "before"];

/** @param secrets where the engine's own message had secrets: what comes from them stays secret */
export function wrapped(props: Props, secrets: readonly string[] = []): Struct {
  const names = new Set([...alwaysSecret, ...secrets.map((path) => path.split(/[.[]/)[0] ?? path)]);
  const all = Object.entries(props).flatMap(([name, value]) => {
    if (value === undefined) return [];
    return [[name, names.has(name) ? { [signatureKey]: secretSignature, value } : value] as const];
  });
  return Struct.fromJavaScript(JSON.parse(JSON.stringify(Object.fromEntries(all))));
}

function signatureOf(value: object): unknown {
  return Object.entries(value).find(([name]) => name === signatureKey)?.[1];
}
