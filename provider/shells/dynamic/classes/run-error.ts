import * as pulumi from "@pulumi/pulumi";

/**
 * A fault of a person's own, of which the CLI prints the message alone. Its stack is hidden from them anyway,
 * and the SDK formats it for its trace: with tsx's paths that took Node half a minute and gigabytes.
 */
export function runError(message: string): pulumi.RunError {
  const error = new pulumi.RunError(message);
  error.stack = "";
  return error;
}
