/** The errors thrown anywhere in the sources: none but those that are made for a person. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { errors } from "../../support/errors.js";

const root = join(__dirname, "../../..");

describe("each value that is thrown", () => {
  it("is an error for a person, wherever it is", () => {
    const known = [
      ...Object.keys(errors),
      "PlanError",
      "ConfigError",
      "CommandError",
      "DialFailed",
      "NoChannel",
      "SshConfigFault",
      "Cancelled",
      "UnknownToken",
      // Caught by converge itself, which then takes the host alone.
      "NotCalm",
    ];
    const odd = sources().flatMap((file) =>
      thrownIn(file).filter(({ what }) => !known.includes(what) && what !== "pulumi.RunError"),
    );
    // An error that only a mistake of dockroute's own can throw is told as one (Unexpected), or within another error.
    const own = odd.filter(({ what }) => ["Error", "UnreadableAnswer"].includes(what));
    assert.deepEqual(
      odd.filter((each) => !own.includes(each)),
      [],
    );
    assert.deepEqual(
      own.filter(({ text }) => !internal.test(text)).map(({ file, text }) => `${file}: ${text}`),
      [],
    );
  });
});

const internal =
  /answers are needed|NUL byte|needs a transaction|took it back|mend it by hand|end too early|UnreadableAnswer|(parsed|part)\.reason/;

function sources(): readonly string[] {
  return ["provider", "stacks"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true })
      .map(String)
      .filter((name) => name.endsWith(".ts"))
      .map((name) => join(folder, name)),
  );
}

/** Every `throw new X(...)` and `reject(new X(...))`. */
function thrownIn(
  file: string,
): readonly { readonly file: string; readonly what: string; readonly text: string }[] {
  const source = ts.createSourceFile(
    file,
    readFileSync(join(root, file), "utf8"),
    ts.ScriptTarget.Latest,
    true,
  );
  const found: { file: string; what: string; text: string }[] = [];
  const visit = (node: ts.Node): void => {
    const isThrown =
      node.parent !== undefined &&
      (ts.isThrowStatement(node.parent) || /^reject\(/.test(node.parent.getText()));
    if (ts.isNewExpression(node) && isThrown)
      found.push({ file, what: node.expression.getText(), text: node.getText() });
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}
