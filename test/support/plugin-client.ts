/** The engine's side of the plugin's protocol, over a real socket, on the toy kind of a host that is fake. */
import { credentials, type ServiceError } from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import { Struct } from "google-protobuf/google/protobuf/struct_pb.js";
import type { Props } from "../../provider/shells/lifecycle/props.js";
import { Lines } from "../../provider/shells/plugin/lines.js";
import { Provider } from "../../provider/shells/plugin/provider.js";
import { serve } from "../../provider/shells/plugin/server.js";
import { opened, wrapped } from "../../provider/shells/plugin/wire.js";
import { started } from "./fake-session.js";

export const urn = "urn:pulumi:production::theirs::dockroute:index:Toy::alpha-toy";

/** One call, as a promise. */
export function called<Answer>(
  call: (done: (error: ServiceError | null, answer: Answer) => void) => unknown,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    call((error, answer) => (error === null ? resolve(answer) : reject(error)));
  });
}

/** The properties as the engine sends them. A name that begins with `secret:` is one. */
export function sent(props: Props): Struct {
  const secrets = Object.keys(props).filter((name) => name.startsWith("secret:"));
  const plain = Object.fromEntries(
    Object.entries(props).map(([name, value]) => [name.replace("secret:", ""), value]),
  );
  return wrapped(
    plain,
    secrets.map((name) => name.replace("secret:", "")),
  );
}

export const got = (message: Struct | undefined) => opened(message);

/** As YAML without a schema would send it: nothing is secret. */
export function inTheClear(props: Props): Struct {
  return Struct.fromJavaScript(JSON.parse(JSON.stringify(props)));
}

export async function plugged(variables: Readonly<Record<string, string>> = {}) {
  const { session, fake, life } = started(variables);
  const provider = new Provider(new Map([["Toy", life]]));
  const served = { provider, session, lines: new Lines(), schema: "{}", version: "1.2.3" };
  const { port, stop } = await serve(served);
  const client = new ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure());
  const end = () => {
    client.close();
    stop();
  };
  return { session, fake, life, client, stop: end };
}
