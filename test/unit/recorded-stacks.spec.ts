/** States that earlier code wrote are still understood: each resource's inputs, outputs, id and provider text. */
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import * as before from "../../provider/resources/bridge/before.js";
import { dockerBridge } from "../../provider/resources/bridge/index.js";
import { forwardRule } from "../../provider/resources/forward/index.js";
import { masqueradeRule } from "../../provider/resources/masquerade/index.js";
import { peerRoute } from "../../provider/resources/route/index.js";
import { providerText } from "../../provider/shells/dynamic/classes/resource.js";
import { readConfig } from "../../stacks/config.js";
import { field } from "../../stacks/source.js";
import { type RecordedStack, readText, recordedStacks } from "../support/recorded-stack.js";

type Props = Readonly<Record<string, unknown>>;

interface Resource {
  readonly urn: string;
  readonly type: string;
  readonly id: string;
  readonly inputs: Props;
  readonly outputs: Props;
}

type Checking = (
  raw: Props,
) => { readonly inputs: Props; readonly id: string } | { readonly faults: unknown };

/** By name, the check of a kind on a state's inputs. */
const kinds: Readonly<Record<string, Checking>> = {
  DockerBridge: (raw) => judged(dockerBridge.check(raw), dockerBridge.id),
  ForwardRule: (raw) => judged(forwardRule.check(raw), forwardRule.id),
  MasqueradeRule: (raw) => judged(masqueradeRule.check(raw), masqueradeRule.id),
  PeerRoute: (raw) => judged(peerRoute.check(raw), peerRoute.id),
};

function judged<I extends object>(
  checked: { readonly inputs: I } | { readonly faults: unknown },
  id: (inputs: I) => string,
): ReturnType<Checking> {
  return "inputs" in checked
    ? { inputs: Object.fromEntries(Object.entries(checked.inputs)), id: id(checked.inputs) }
    : checked;
}

/** With addresses in place of the words for them; below the pool, as a lab's are, because lists are sorted. */
function load(name: string): RecordedStack {
  const hosts = [...new Set(readText(name).match(/\{\{\S+ address\}\}/g))];
  const text = hosts.reduce((all, word, at) => all.replaceAll(word, `10.213.0.${11 + at}`), readText(name));
  return JSON.parse(text) as RecordedStack;
}

for (const name of recordedStacks()) {
  describe(`the recorded stack ${name}`, () => {
    const recorded = load(name);
    const all = field(field(recorded.deployment, "deployment"), "resources") as readonly Resource[];
    const prefix = "pulumi-nodejs:dynamic/dockroute:";
    const ours = all.filter(({ type }) => type.startsWith(prefix));

    it("has resources of all four types", () => {
      assert.deepEqual(
        [...new Set(ours.map(({ type }) => type.replace(prefix, "")))].sort(),
        Object.keys(kinds).sort(),
      );
    });

    for (const { urn, type, id, inputs, outputs } of ours) {
      it(`${urn.split("::").at(-1)} is read as it was written`, () => {
        const kind = type.replace(prefix, "");
        const { __provider, docker: _, ...wish } = inputs;
        assert.equal(__provider, providerText(kind));
        assert.deepEqual(kinds[kind]?.(wish), { inputs: wish, id });
        for (const [input, value] of Object.entries(wish)) {
          assert.ok(isDeepStrictEqual(outputs[input], value), `${input} in the outputs`);
        }
        const plaintext = field(outputs["before"], "plaintext");
        if (kind === "DockerBridge") assert.ok(before.readValue(JSON.parse(String(plaintext))));
        else assert.equal(plaintext, undefined);
      });
    }

    it("has a last plan that the planner keeps", () => {
      const plan = field(all.find(({ type }) => type === "pulumi:pulumi:Stack")?.outputs, "plan");
      const values = Object.entries(recorded.config).map(([key, value]) => [
        `dockroute:${key}`,
        typeof value === "string" ? value : JSON.stringify(value),
      ]);
      assert.deepEqual(readConfig({ values: Object.fromEntries(values), secretKeys: [] }).plan, plan);
    });
  });
}
