/** An error as the engine reads it. */
import { Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { ErrorResourceInitFailed } from "@pulumi/pulumi/proto/provider_pb.js";
import { Status } from "@pulumi/pulumi/proto/status_pb.js";
import { Any } from "google-protobuf/google/protobuf/any_pb.js";
import { PartiallyApplied } from "../../engine/errors/change.js";
import { DockrouteError } from "../../engine/errors/error.js";
import { oneLine } from "../../engine/printable.js";
import { wrapped } from "./wire.js";

type Failure = Pick<ServiceError, "code" | "details" | "metadata">;

/** @param secrets of the request, which stay secret in what is recorded */
export function failureOf(error: unknown, secrets: readonly string[] = []): Failure {
  const metadata = new Metadata();
  const details = messageOf(error);
  if (error instanceof PartiallyApplied) {
    const properties = wrapped(error.properties, secrets);
    const failed = new ErrorResourceInitFailed()
      .setId(error.id)
      .setProperties(properties)
      .setReasonsList([...error.reasons]);
    const any = new Any();
    any.pack(failed.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
    const whole = new Status().setCode(status.UNKNOWN).setMessage(details).setDetailsList([any]);
    // The field in which gRPC carries details beside the message.
    metadata.add("grpc-status-details-bin", Buffer.from(whole.serializeBinary()));
  }
  return { code: status.UNKNOWN, details, metadata };
}

function messageOf(error: unknown): string {
  if (error instanceof DockrouteError) return error.message;
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `an internal error of dockroute: ${oneLine(text, 2_000)}`;
}
