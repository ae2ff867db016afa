/** The rule that a credential is a secret where the program gives it: in the program's own files it stands in the clear otherwise. */
import type { Fault } from "../../engine/errors/fault.js";
import { pathOf } from "../../engine/printable.js";
import { credentialFields } from "../../host/login/connection.js";
import type { Bag } from "./wire.js";

const reason = "must be a Pulumi secret";

/** The credentials of these inputs that are no secrets. No reason has a value. */
export function openCredentials({ props, secrets }: Bag): Fault[] {
  const isSecret = (path: string) =>
    secrets.some(
      (secret) => path === secret || path.startsWith(`${secret}.`) || path.startsWith(`${secret}[`),
    );
  const within = (value: unknown, path: readonly PropertyKey[]): Fault[] => {
    if (typeof value !== "object" || value === null) return [];
    return Object.entries(value).flatMap(([name, one]): Fault[] => {
      const at = [...path, Array.isArray(value) ? Number(name) : name];
      const isCredential = credentialFields.some((field) => field === name) && typeof one === "string";
      if (!isCredential) return within(one, at);
      return isSecret(pathOf(at)) ? [] : [{ property: pathOf(at), reason }];
    });
  };
  return ["connection", "connections"].flatMap((name) => within(props[name], [name]));
}
