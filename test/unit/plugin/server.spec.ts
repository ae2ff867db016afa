/** The plugin's answers to the engine, over the wire. */
import assert from "node:assert/strict";
import { type ServiceError, status } from "@grpc/grpc-js";
import type { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb.js";
import * as messages from "@pulumi/pulumi/proto/provider_pb.js";
import { Status } from "@pulumi/pulumi/proto/status_pb.js";
import { Empty } from "google-protobuf/google/protobuf/empty_pb.js";
import type { Props } from "../../../provider/shells/lifecycle/props.js";
import { unknown } from "../../support/fake-session.js";
import { called, got, inTheClear, plugged, sent, urn } from "../../support/plugin-client.js";

type Plugged = Awaited<ReturnType<typeof plugged>>;

const news: Props = { host: "alpha", endpoint: "root@192.168.1.1:22", value: "v", level: "" };
const inputs: Props = { ...news, stack: "theirs/production" };

const open: (() => void)[] = [];
async function plug(variables: Readonly<Record<string, string>> = {}): Promise<Plugged> {
  const all = await plugged(variables);
  open.push(all.stop);
  return all;
}

afterEach(() => {
  for (const stop of open.splice(0)) stop();
});

function check({ client }: Plugged, given: messages.CheckRequest): Promise<messages.CheckResponse> {
  return called<messages.CheckResponse>((done) => client.check(given.setUrn(urn), done));
}

function create({ client }: Plugged, given: Props, preview = false): Promise<messages.CreateResponse> {
  const request = new messages.CreateRequest().setUrn(urn).setProperties(sent(given)).setPreview(preview);
  return called<messages.CreateResponse>((done) => client.create(request, done));
}

describe("the plugin", () => {
  it("answers with its version, its schema, and that it takes secrets and previews", async () => {
    const { client } = await plug();
    assert.equal(
      (await called<PluginInfo>((done) => client.getPluginInfo(new Empty(), done))).getVersion(),
      "1.2.3",
    );
    assert.equal(
      (
        await called<messages.GetSchemaResponse>((done) =>
          client.getSchema(new messages.GetSchemaRequest(), done),
        )
      ).getSchema(),
      "{}",
    );
    const configured = await called<messages.ConfigureResponse>((done) =>
      client.configure(new messages.ConfigureRequest().setArgs(sent({})), done),
    );
    assert.equal(configured.getAcceptsecrets(), true);
    assert.equal(configured.getSupportspreview(), true);
  });

  it("takes keys without their namespace, as texts and as values", async () => {
    const { client, session } = await plug();
    const args = sent({ pool: "172.30.0.0/16", "secret:hosts": [{ name: "beta", address: "192.168.1.2" }] });
    await called<messages.ConfigureResponse>((done) =>
      client.configure(new messages.ConfigureRequest().setArgs(args), done),
    );
    assert.deepEqual([...session.addresses], [["beta", "192.168.1.2"]]);
  });

  it("leaves CheckConfig alone, and replaces nothing for another configuration", async () => {
    const { client } = await plug();
    const refused = await called<messages.CheckResponse>((done) =>
      client.checkConfig(new messages.CheckRequest(), done),
    ).catch((error) => error);
    assert.equal(refused.code, status.UNIMPLEMENTED);
    const request = new messages.DiffRequest().setOlds(sent({ pool: "a" })).setNews(sent({ pool: "b" }));
    const answer = await called<messages.DiffResponse>((done) => client.diffConfig(request, done));
    assert.deepEqual(answer.getReplacesList(), []);
    assert.equal(answer.getChanges(), messages.DiffResponse.DiffChanges.DIFF_SOME);
  });

  it("checks the inputs, and adds the stack that the resource is of", async () => {
    const answer = await check(await plug(), new messages.CheckRequest().setNews(sent(news)));
    assert.deepEqual(got(answer.getInputs()).props, inputs);
    const bad = await check(
      await plug(),
      new messages.CheckRequest().setNews(sent({ ...news, value: "bad" })),
    );
    assert.deepEqual(
      bad.getFailuresList().map((each) => each.toObject()),
      [{ property: "value", reason: "bad is not good" }],
    );
  });

  it("finds the endpoint by the connection, by the config, or names all ways to say it", async () => {
    const { endpoint: _, ...without } = news;
    const plain = { ...without, "secret:connection": { host: "10.0.0.9", user: "ops" } };
    const own = await check(await plug(), new messages.CheckRequest().setNews(sent(plain)));
    assert.equal(got(own.getInputs()).props["endpoint"], "ops@10.0.0.9:22");
    const plugin = await plug();
    // No host of this config is there to be judged.
    plugin.session.lint = async () => [];
    const args = sent({ hosts: [{ name: "alpha", address: "10.0.0.7" }] });
    await called<messages.ConfigureResponse>((done) =>
      plugin.client.configure(new messages.ConfigureRequest().setArgs(args), done),
    );
    const configured = await check(plugin, new messages.CheckRequest().setNews(sent(without)));
    assert.equal(got(configured.getInputs()).props["endpoint"], "root@10.0.0.7:22");
    const [fault] = (
      await check(await plug(), new messages.CheckRequest().setNews(sent(without)))
    ).getFailuresList();
    assert.equal(fault?.getProperty(), "endpoint");
    assert.match(fault?.getReason() ?? "", /^is missing: .*a connection with its host.*dockroute:hosts/);
  });

  it("refuses a credential that is no secret, keeps what is one, and quotes neither", async () => {
    const connection = { host: "10.0.0.9", password: "hunter2", proxy: [{ host: "b", privateKey: "k" }] };
    const clear = inTheClear({ ...news, connection });
    const refused = await check(await plug(), new messages.CheckRequest().setNews(clear));
    assert.deepEqual(
      refused.getFailuresList().map((each) => each.toObject()),
      ["connection.password", "connection.proxy[0].privateKey"].map((property) => ({
        property,
        reason: "must be a Pulumi secret",
      })),
    );
    const answer = await check(
      await plug(),
      new messages.CheckRequest().setNews(
        sent({ ...news, "secret:connection": connection, "secret:level": "5" }),
      ),
    );
    assert.deepEqual(answer.getFailuresList(), []);
    assert.deepEqual(got(answer.getInputs()).secrets.toSorted(), ["connection", "level"]);
  });

  it("shows path by path what differs, and no more", async () => {
    const { client } = await plug();
    const request = new messages.DiffRequest()
      .setUrn(urn)
      .setOlds(sent({ ...inputs, level: "4", machine: "m1", __provider: "text" }))
      .setOldInputs(sent({ ...inputs, level: "4", __provider: "text" }))
      .setNews(sent(inputs));
    const answer = await called<messages.DiffResponse>((done) => client.diff(request, done));
    assert.equal(answer.getHasdetaileddiff(), true);
    assert.equal(answer.getDetaileddiffMap().getLength(), 1);
    assert.deepEqual(answer.getDetaileddiffMap().get("level")?.toObject(), {
      kind: messages.PropertyDiff.Kind.UPDATE,
      inputdiff: true,
    });
    const same = await called<messages.DiffResponse>((done) =>
      client.diff(request.setOlds(sent(inputs)).setOldInputs(sent(inputs)), done),
    );
    assert.equal(same.getChanges(), messages.DiffResponse.DiffChanges.DIFF_NONE);
  });

  it("names what replaces", async () => {
    const { client } = await plug();
    const request = new messages.DiffRequest()
      .setUrn(urn)
      .setOlds(sent({ ...inputs, value: "w" }))
      .setNews(sent(inputs));
    const answer = await called<messages.DiffResponse>((done) => client.diff(request, done));
    assert.deepEqual(answer.getReplacesList(), ["value"]);
    assert.equal(
      answer.getDetaileddiffMap().get("value")?.getKind(),
      messages.PropertyDiff.Kind.UPDATE_REPLACE,
    );
  });

  it("knows the inputs at preview, changes nothing then, and then makes it", async () => {
    const plugin = await plug();
    const planned = got((await create(plugin, inputs, true)).getProperties()).props;
    assert.deepEqual(planned, { ...inputs, machine: unknown, before: unknown });
    assert.deepEqual(plugin.fake.log, []);
    const made = await create(plugin, inputs);
    assert.equal(made.getId(), "alpha/v");
    assert.deepEqual(got(made.getProperties()).props, { ...inputs, machine: "m1" });
  });

  it("records a half-made resource with its secrets as secrets", async () => {
    const plugin = await plug();
    plugin.fake.failing = "set level";
    const given = { ...inputs, level: "5", "secret:connection": { host: "10.0.0.9" } };
    const error = await create(plugin, given).then(
      () => assert.fail("was made"),
      (thrown: ServiceError) => thrown,
    );
    const [bytes] = error.metadata.get("grpc-status-details-bin");
    assert.ok(bytes instanceof Buffer);
    const [detail] = Status.deserializeBinary(bytes).getDetailsList();
    const failed = detail?.unpack(
      messages.ErrorResourceInitFailed.deserializeBinary,
      "pulumirpc.ErrorResourceInitFailed",
    );
    assert.equal(failed?.getId(), "alpha/v");
    const { props, secrets } = got(failed?.getProperties());
    assert.deepEqual(props, { ...inputs, level: "5", connection: { host: "10.0.0.9" } });
    assert.deepEqual(secrets, ["connection"]);
  });

  it("begins nothing after a cancel", async () => {
    const plugin = await plug();
    const { client } = plugin;
    await called<Empty>((done) => client.cancel(new Empty(), done));
    const request = new messages.DeleteRequest().setUrn(urn).setId("alpha/v").setProperties(sent(inputs));
    for (const change of [
      () => create(plugin, inputs),
      () => called<Empty>((done) => client.delete(request, done)),
    ]) {
      await assert.rejects(change, /cancelled before this change began: nothing was changed/);
    }
    assert.deepEqual(plugin.fake.log, []);
  });

  it("names the token that this version does not have", async () => {
    const { client } = await plug();
    const request = new messages.CheckRequest().setUrn(urn.replace("Toy", "Later")).setNews(sent(news));
    await assert.rejects(
      called<messages.CheckResponse>((done) => client.check(request, done)),
      /this version of dockroute has no resource dockroute:index:Later/,
    );
  });

  it("cannot import what cannot be read back", async () => {
    const { client } = await plug();
    const request = new messages.ReadRequest().setUrn(urn).setId("alpha/v");
    await assert.rejects(
      called<messages.ReadResponse>((done) => client.read(request, done)),
      /alpha\/v cannot be imported/,
    );
  });
});
