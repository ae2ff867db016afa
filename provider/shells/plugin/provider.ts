/**
 * The engine's calls, for resources of any language: each goes by its token to the lifecycle that the dynamic shell
 * has as well. Here are only the messages around it.
 *
 * CheckConfig is left unanswered on purpose: the engine logs its arguments with `-v=9`, secrets in plain among them.
 * The resources that use a login tell its faults.
 */
import * as messages from "@pulumi/pulumi/proto/provider_pb.js";
import { Empty } from "google-protobuf/google/protobuf/empty_pb.js";
import { cleaned } from "../../engine/printable.js";
import type { Lifecycle } from "../lifecycle/lifecycle.js";
import { type Props, unknownValue } from "../lifecycle/props.js";
import { openCredentials } from "./credentials.js";
import { differences } from "./differences.js";
import { Cancelled, UnknownToken } from "./errors.js";
import { opened, wrapped } from "./wire.js";

export class Provider {
  #isCancelled = false;

  constructor(private readonly lifecycles: ReadonlyMap<string, Lifecycle>) {}

  /** After Ctrl-C the engine waits for what runs, and may begin one more change: that one is refused. */
  cancel(): Empty {
    this.#isCancelled = true;
    return new Empty();
  }

  async check(request: messages.CheckRequest): Promise<messages.CheckResponse> {
    const { props: olds } = opened(request.getOlds());
    const given = opened(request.getNews());
    const open = openCredentials(given);
    const stack = stackOf(request.getUrn());
    const { inputs, failures } =
      open.length > 0
        ? { inputs: given.props, failures: cleaned(open) }
        : await this.#of(request).check(olds, { ...given.props, stack });
    return new messages.CheckResponse()
      .setInputs(wrapped(inputs, given.secrets))
      .setFailuresList(
        failures.map(({ property, reason }) =>
          new messages.CheckFailure().setProperty(property).setReason(reason),
        ),
      );
  }

  async diff(request: messages.DiffRequest): Promise<messages.DiffResponse> {
    const { props: olds } = opened(request.getOlds());
    const { props: news } = opened(request.getNews());
    const { changes, replaces } = await this.#of(request).diff(request.getId(), olds, news);
    const answer = new messages.DiffResponse();
    const { DIFF_SOME, DIFF_NONE } = messages.DiffResponse.DiffChanges;
    if (!changes) return answer.setChanges(DIFF_NONE);
    const { props: before } = request.hasOldInputs() ? opened(request.getOldInputs()) : { props: olds };
    const all = differences(before, news, replaces);
    for (const [path, difference] of all) answer.getDetaileddiffMap().set(path, difference);
    return answer
      .setChanges(DIFF_SOME)
      .setReplacesList(replaces)
      .setHasdetaileddiff(all.size > 0);
  }

  async create(request: messages.CreateRequest): Promise<messages.CreateResponse> {
    const { props: news, secrets } = opened(request.getProperties());
    const life = this.#of(request);
    if (request.getPreview()) {
      return new messages.CreateResponse().setProperties(wrapped({ ...news, ...unknown(life) }, secrets));
    }
    this.#mayBegin();
    const { id, outs } = await life.create(news);
    return new messages.CreateResponse().setId(id).setProperties(wrapped(outs, secrets));
  }

  async read(request: messages.ReadRequest): Promise<messages.ReadResponse> {
    const { props, secrets } = opened(request.getProperties());
    const id = request.getId();
    const life = this.#of(request);
    // Nothing is known of what is to be imported, but for what the program may say of it.
    const isImport = Object.keys(props).length === 0;
    const found = await (isImport ? life.import(id, stackOf(request.getUrn())) : life.read(id, props));
    const answer = new messages.ReadResponse();
    if (!("props" in found)) return answer;
    return answer
      .setId(found.id)
      .setProperties(wrapped(found.props, secrets))
      .setInputs(wrapped(found.inputs, secrets));
  }

  async update(request: messages.UpdateRequest): Promise<messages.UpdateResponse> {
    const { props: olds, secrets: was } = opened(request.getOlds());
    const { props: news, secrets: is } = opened(request.getNews());
    const life = this.#of(request);
    const secrets = [...was, ...is];
    if (request.getPreview()) {
      return new messages.UpdateResponse().setProperties(wrapped({ ...news, ...unknown(life) }, secrets));
    }
    this.#mayBegin();
    const { outs } = await life.update(request.getId(), olds, news);
    return new messages.UpdateResponse().setProperties(wrapped(outs, secrets));
  }

  async delete(request: messages.DeleteRequest): Promise<Empty> {
    this.#mayBegin();
    await this.#of(request).delete(request.getId(), opened(request.getProperties()).props);
    return new Empty();
  }

  #mayBegin(): void {
    if (this.#isCancelled) throw new Cancelled();
  }

  #of(request: { getUrn(): string }): Lifecycle {
    const name = typeOf(request.getUrn()).replace(/^dockroute:index:/, "");
    const life = this.lifecycles.get(name);
    if (life === undefined) throw new UnknownToken(typeOf(request.getUrn()));
    return life;
  }
}

/** The outputs that a preview does not know. */
function unknown({ made }: Lifecycle): Props {
  return Object.fromEntries(made.map((name) => [name, unknownValue]));
}

/** "project/stack" of `urn:pulumi:STACK::PROJECT::TYPE::NAME`. */
function stackOf(urn: string): string {
  const [stack = "", project = ""] = urn.replace(/^urn:pulumi:/, "").split("::");
  return `${project}/${stack}`;
}

/** The resource's own type: the types of its parents stand before it. */
function typeOf(urn: string): string {
  return (urn.split("::")[2] ?? "").split("$").at(-1) ?? "";
}
