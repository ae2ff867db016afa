import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { field, writtenConfig } from "../../../stacks/source.js";

describe("the config that a person wrote", () => {
  let project: string;
  beforeEach(() => {
    project = mkdtempSync(join(tmpdir(), "dockroute-"));
    mkdirSync(join(project, "stacks"));
    writeFileSync(join(project, "Pulumi.yaml"), "name: dockroute\n");
  });
  afterEach(() => rmSync(project, { recursive: true }));

  const stack = "config:\n  dockroute:connection:\n    password:\n      secure: v1:abc\n";
  const expected = { "dockroute:connection": { password: { secure: "v1:abc" } } };

  it("is found beside the project's file, from the program's folder", () => {
    writeFileSync(join(project, "Pulumi.test.yaml"), stack);
    assert.deepEqual(writtenConfig(join(project, "stacks"), "test"), expected);
  });

  it("is found where the project says that stacks' files are", () => {
    writeFileSync(join(project, "Pulumi.yaml"), "name: dockroute\nstackConfigDir: settings\n");
    mkdirSync(join(project, "settings"));
    writeFileSync(join(project, "settings", "Pulumi.test.yaml"), stack);
    assert.deepEqual(writtenConfig(project, "test"), expected);
  });

  it("is unknown where the file has another name or cannot be read", () => {
    assert.equal(writtenConfig(project, "test"), undefined);
    writeFileSync(join(project, "Pulumi.test.yaml"), "config: [");
    assert.equal(writtenConfig(project, "test"), undefined);
  });

  it("has no fields that nobody wrote", () => {
    assert.equal(field({}, "constructor"), undefined);
    assert.equal(field(null, "a"), undefined);
    assert.equal(field(["a"], 0), "a");
  });
});
