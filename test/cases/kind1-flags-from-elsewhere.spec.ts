/** Kind 1, cases of our own: what dockerd runs with comes from a file of options, another config file, two keys. */
import {
  daemonJson,
  dropIn,
  execStart,
  refusedAtPreview,
  restartDocker,
  sceneOf,
  upLeaves,
} from "../support/cases.js";
import type { Scene } from "../support/scene.js";

const options = "/etc/default/docker";

describe("kind 1: DOCKER_OPTS of /etc/default/docker, and a key of daemon.json that is there twice", () => {
  let scene: Scene;

  before(async () => {
    scene = await sceneOf("k1a");
    const [alpha, beta] = [scene.lab.host("alpha"), scene.lab.host("beta")];
    await alpha.run(`echo 'DOCKER_OPTS="--bip 172.20.0.1/24"' > ${options}`);
    await restartDocker(alpha);
    await daemonJson(beta, '{ "bip": "172.20.0.1/24", "log-level": "info", "bip": "172.21.0.1/24" }\n');
    await scene.startBoxes();
  });
  after(() => scene?.strike());

  it("is refused at preview: the flag and its file, the key that is there twice", async () => {
    const twice =
      /\bbip\b.{0,100}(twice|two|more than once|duplicate)|(twice|two|more than once|duplicate).{0,100}\bbip\b/i;
    await refusedAtPreview(scene, ["alpha", "--bip", options, "beta", "daemon.json", twice]);
  });

  it("is refused by up too, and nothing is touched", async () => {
    await upLeaves(scene, "alpha", "beta");
  });
});

describe("kind 1: another config file, and the key hosts beside a command line without -H", () => {
  let scene: Scene;
  let file: string;

  before(async () => {
    scene = await sceneOf("k1b");
    const [alpha, beta] = [scene.lab.host("alpha"), scene.lab.host("beta")];
    await alpha.run('mkdir -p /srv/docker; echo \'{ "log-level": "info" }\' > /srv/docker/daemon.json');
    const command = `${await execStart(alpha)} --config-file /srv/docker/daemon.json`;
    file = await dropIn(alpha, ["ExecStart=", `ExecStart=${command}`], "config.conf");
    // dockerd refuses to start with both, so whoever has the key has taken the flag away.
    const hosts = JSON.stringify({ hosts: ["fd://", "tcp://127.0.0.1:2375"] });
    await beta.run("cat > /etc/docker/daemon.json", { input: hosts });
    const bare = (await execStart(beta)).replace(/ -H \S+/, "");
    await dropIn(beta, ["ExecStart=", `ExecStart=${bare}`], "hosts.conf");
    await scene.startBoxes();
  });
  after(() => scene?.strike());

  it("the other config file is refused at preview: the flag and the drop-in", async () => {
    await refusedAtPreview(scene, ["alpha", "--config-file", file]);
  });

  it("it is refused by up too, and nothing is touched", async () => {
    await upLeaves(scene, "alpha");
  });

  it("the key hosts is no fault, and without the other config file the mesh is whole", async () => {
    const alpha = scene.lab.host("alpha");
    await alpha.run(`rm ${file}`);
    await restartDocker(alpha);
    await scene.up();
    await scene.whole();
  });
});
