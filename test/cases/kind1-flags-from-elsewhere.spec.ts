/** Kind 1, cases of our own: dockerd's settings come from a file of options, another config file, two keys. */
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
import { meshConfig } from "../support/stack.js";

describe("kind 1: flags in files of the environment, and a key of daemon.json that is there twice", () => {
  let scene: Scene;
  /** The stack's one host: a refusal of one would stop the whole run before the other is judged. */
  const only = (name: string) => scene.stack.configure(meshConfig(scene.lab, [name]));

  before(async () => {
    scene = await sceneOf("k1a");
    const [alpha, beta] = [scene.lab.host("alpha"), scene.lab.host("beta")];
    await alpha.run(`echo 'DOCKER_OPTS="--bip 172.20.0.1/24"' > /etc/default/docker`);
    await restartDocker(alpha);
    await beta.run(
      `mkdir -p /etc/sysconfig; echo "OPTIONS='--log-level=info --fixed-cidr=172.17.5.0/24'" > /etc/sysconfig/docker`,
    );
    const command = `ExecStart=${await execStart(beta)} $OPTIONS`;
    await dropIn(beta, ["EnvironmentFile=-/etc/sysconfig/docker", "ExecStart=", command], "sysconfig.conf");
    await scene.startBoxes();
  });
  after(() => scene?.strike());

  it("DOCKER_OPTS is refused at preview: the flag and the file that holds it", async () => {
    only("alpha");
    await refusedAtPreview(scene, ["alpha", "--bip", "/etc/default/docker"]);
  });

  it("it is refused by up too, and nothing is touched", () => upLeaves(scene, "alpha"));

  it("a file of /etc/sysconfig is refused in the same way: --fixed-cidr of the old network", async () => {
    only("beta");
    await refusedAtPreview(scene, ["beta", "--fixed-cidr", "172.17.5.0/24", "/etc/sysconfig/docker"]);
    await upLeaves(scene, "beta");
  });

  it("a key of daemon.json that is there twice is refused: the file and the key", async () => {
    const beta = scene.lab.host("beta");
    await beta.run("rm /etc/systemd/system/docker.service.d/sysconfig.conf");
    await daemonJson(beta, '{ "bip": "172.20.0.1/24", "log-level": "info", "bip": "172.21.0.1/24" }\n');
    const twice = /\bbip\b.{0,99}\b(twice|two|duplicate)|\b(twice|two|duplicate).{0,99}\bbip\b/i;
    await refusedAtPreview(scene, ["beta", "daemon.json", twice]);
    await upLeaves(scene, "beta");
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
    // dockerd refuses to start with both, so a person with the key has taken the flag away.
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
