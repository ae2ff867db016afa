/** The gRPC service: the destination of each call, and the work that its answer waits for. */
import {
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { type PluginAttach, PluginInfo } from "@pulumi/pulumi/proto/plugin_pb.js";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import * as messages from "@pulumi/pulumi/proto/provider_pb.js";
import { Empty } from "google-protobuf/google/protobuf/empty_pb.js";
import type { Struct } from "google-protobuf/google/protobuf/struct_pb.js";
import type { Session } from "../lifecycle/session.js";
import { configOf } from "./config.js";
import { failureOf } from "./failure.js";
import type { Lines } from "./lines.js";
import type { Provider } from "./provider.js";
import { opened } from "./wire.js";

export interface Served {
  readonly provider: Provider;
  readonly session: Session;
  readonly lines: Lines;
  readonly schema: string;
  readonly version: string;
}

/** Its calls by their names in the engine's protocol. gRPC itself answers every other call with UNIMPLEMENTED. */
export function serviceOf({
  provider,
  session,
  lines,
  schema,
  version,
}: Served): UntypedServiceImplementation {
  /** @param bag the part of the request whose secrets stay secret in what a failed change leaves behind */
  const onResource = <Request extends { getUrn(): string }, Answer>(
    work: (request: Request) => Promise<Answer>,
    bag: (request: Request) => Struct | undefined = () => undefined,
  ): handleUnaryCall<Request, Answer> =>
    answering(
      (request) => lines.about(request.getUrn(), () => work(request)),
      (request) => opened(bag(request)).secrets,
    );
  return {
    handshake: answering(async (request: messages.ProviderHandshakeRequest) => {
      lines.connect(request.getEngineAddress());
      return new messages.ProviderHandshakeResponse().setAcceptSecrets(true);
    }),
    attach: answering(async (request: PluginAttach) => {
      lines.connect(request.getAddress());
      return new Empty();
    }),
    getPluginInfo: answering(async () => new PluginInfo().setVersion(version)),
    getSchema: answering(async () => new messages.GetSchemaResponse().setSchema(schema)),
    // A change of the configuration never replaces: no resource is another one because its login is.
    diffConfig: answering(async () =>
      new messages.DiffResponse().setChanges(messages.DiffResponse.DiffChanges.DIFF_SOME),
    ),
    configure: answering(async (request: messages.ConfigureRequest) => {
      session.configure(configOf(opened(request.getArgs()).props));
      return new messages.ConfigureResponse().setAcceptsecrets(true).setSupportspreview(true);
    }),
    cancel: answering(async () => provider.cancel()),
    check: onResource((request: messages.CheckRequest) => provider.check(request)),
    diff: onResource((request: messages.DiffRequest) => provider.diff(request)),
    read: onResource((request: messages.ReadRequest) => provider.read(request)),
    create: onResource(
      (request: messages.CreateRequest) => provider.create(request),
      (request) => request.getProperties(),
    ),
    update: onResource(
      (request: messages.UpdateRequest) => provider.update(request),
      (request) => request.getNews(),
    ),
    delete: onResource((request: messages.DeleteRequest) => provider.delete(request)),
  };
}

function answering<Request, Answer>(
  work: (request: Request) => Promise<Answer>,
  secrets: (request: Request) => readonly string[] = () => [],
): handleUnaryCall<Request, Answer> {
  return ({ request }, callback) => {
    work(request).then(
      (answer) => callback(null, answer),
      (error: unknown) => callback(failureOf(error, secrets(request))),
    );
  };
}

/** Serves on a free port of this machine. */
export function serve(served: Served): Promise<{ readonly port: number; readonly stop: () => void }> {
  // A state of thousands of resources is more than gRPC takes by itself.
  const unlimited = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 };
  const server = new Server(unlimited);
  server.addService(ResourceProviderService, serviceOf(served));
  return new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve({ port, stop: () => server.forceShutdown() }) : reject(error),
    );
  });
}
