import { availableParallelism } from "node:os";
import { join } from "node:path";
import { ensureTools } from "./apt.js";
import { allLabs, checkNames, claim, filesOf, type HostSpec, imageOf, type LabOptions } from "./claim.js";
import { leasesGiven, startDhcp } from "./dhcp.js";
import { makeDisk, personalise } from "./disk.js";
import { Host, Stranger } from "./host.js";
import { ensureImage, type Image, isVm, pruneImages } from "./images.js";
import { interruptible } from "./interrupt.js";
import { makeKeys, writeClientFiles } from "./keys.js";
import { cutPower, managerOf, powerOff, powerOn } from "./machine.js";
import { addressIn, macOf, makeSwitch, plugStranger, setLink } from "./network.js";
import { setupOf } from "./options.js";
import { eachOf, type Log, quiet, sleep, step, until } from "./run.js";
import { type HostState, type LabState, labPrefixes, readState, writeState } from "./state.js";
import { tearDown } from "./tear-down.js";
import { ensureVmTools, setCarrier } from "./vm.js";

export type { HostSpec, LabOptions } from "./claim.js";

/** The number of hosts that boot side by side: more would only make each of them slower. */
const atOnce = Math.max(4, availableParallelism());

/** For the caller who has to take them down when the process is ended early. */
const madeHere = new Set<string>();
let isEnding = false;

export class Lab {
  private constructor(
    private current: LabState,
    private readonly log: Log,
  ) {}

  static async up(options: LabOptions): Promise<Lab> {
    const log = options.log ?? quiet;
    checkNames(options);
    if (isEnding) throw new Error(`${options.prefix} is not made: this process is being ended`);
    madeHere.add(options.prefix);
    await ensureTools(log);
    return interruptible(async (signal) => {
      const images = new Map<string, Image>();
      if (options.hosts.map(imageOf).some(isVm)) await ensureVmTools(log);
      for (const image of options.hosts.map(imageOf)) {
        if (!images.has(image)) images.set(image, await ensureImage(image, log, signal));
      }
      await pruneImages(allLabs().flatMap((lab) => lab.hosts.flatMap((host) => host.layers)));
      if (readState(options.prefix) !== undefined) {
        await step(log, `leftovers of ${options.prefix} removed`, () => tearDown(options.prefix));
      }
      const lab = new Lab(await claim(options, images, signal), log);
      try {
        await lab.start(options.hosts, images, signal);
        return lab;
      } catch (error) {
        if (options.keepOnFailure !== true || signal.aborted) await lab.down();
        throw error;
      }
    });
  }

  /** A lab that is up, by another process or an earlier one. */
  static load(prefix: string, log: Log = quiet): Lab {
    const state = readState(prefix);
    if (state === undefined) throw new Error(`there is no lab "${prefix}"`);
    return new Lab(state, log);
  }

  /** Those that this process has made and not taken down. */
  static made(): string[] {
    return labPrefixes().filter((prefix) => madeHere.has(prefix));
  }

  /** For a process that is ended early: takes down the labs that it has made, and stops work in it that makes more. */
  static async end(): Promise<void> {
    isEnding = true;
    await Promise.allSettled(Lab.made().map(tearDown));
  }

  static list(): string[] {
    return labPrefixes();
  }

  /** Takes a lab away by its name, whatever state its maker left it in; content if there is none. */
  static remove(prefix: string): Promise<void> {
    return tearDown(prefix);
  }

  get prefix(): string {
    return this.current.prefix;
  }

  get subnet(): string {
    return this.current.subnet;
  }

  /** The client's key, for root and admin on every host. */
  get privateKeyFile(): string {
    return join(this.current.folder, "id_ed25519");
  }

  /** The hosts' keys. */
  get knownHostsFile(): string {
    return join(this.current.folder, "known_hosts");
  }

  get hosts(): Host[] {
    return this.current.hosts.map((host) => new Host(this.current, host));
  }

  host(name: string): Host {
    return new Host(this.current, this.stateOf(name));
  }

  /** An orderly restart by the host's own systemd. Returns when it is ready again. */
  async reboot(name: string, ready = true): Promise<void> {
    await powerOff(this.current, this.stateOf(name), this.host(name).bootMs);
    await this.boot(name, ready);
  }

  /** An end without notice. The host is off afterwards. */
  async powerCut(name: string): Promise<void> {
    await cutPower(this.current, this.stateOf(name));
  }

  /** Powers a host on that is off. `ready: false` returns as soon as its first process runs. */
  async boot(name: string, ready = true): Promise<void> {
    await powerOn(this.current, this.stateOf(name));
    if (ready) await this.host(name).ready();
  }

  isOn(name: string): boolean {
    return managerOf(this.current, this.stateOf(name)) !== undefined;
  }

  /** After something on the host asked for a reboot: waits until it went down, and powers it on again. */
  async waitRebooted(name: string, timeoutMs = 60_000, ready = true): Promise<void> {
    await until(`${name} to go down`, timeoutMs, async () => !this.isOn(name));
    await this.boot(name, ready);
  }

  /** Powers a host on whenever it went down by itself, until the given function is called. */
  supervise(name: string): () => Promise<void> {
    let going = true;
    const loop = (async () => {
      while (going) {
        if (!this.isOn(name)) await this.boot(name, false);
        await sleep(200);
      }
    })();
    return async () => {
      going = false;
      await loop;
    };
  }

  /** A machine in nobody's config. It has an address on the wire and may be given routes. */
  async stranger(name: string, address?: string): Promise<Stranger> {
    const index = 200 + this.current.strangers.length;
    const known = this.current.strangers.find((stranger) => stranger.name === name);
    if (known !== undefined) return new Stranger(this.current, known);
    const chosen = address ?? addressIn(this.subnet, index);
    const state = { name, index, address: chosen, mac: macOf(this.current.slot, index) };
    this.current = { ...this.current, strangers: [...this.current.strangers, state] };
    writeState(this.current);
    await plugStranger(this.current, state);
    return new Stranger(this.current, state);
  }

  /** Pulls or puts back the cable at the switch; the host's own end loses or gets its carrier. */
  async setLink(name: string, state: "up" | "down"): Promise<void> {
    await setLink(this.current, this.stateOf(name), state);
    if (this.stateOf(name).vm === true) await setCarrier(this.current, this.stateOf(name), state);
  }

  /** From now on the DHCP server has another address for a host, which gets it when it asks again. */
  async lease(name: string, address: string): Promise<void> {
    this.stateOf(name);
    const hosts = this.current.hosts.map((host) => (host.name === name ? { ...host, address } : host));
    this.current = { ...this.current, hosts };
    writeState(this.current);
    writeClientFiles(this.current);
    await startDhcp(this.current);
  }

  /** The number of times that the DHCP server gave a host its lease or renewed it. */
  leasesGiven(name: string): number {
    return leasesGiven(this.current, this.stateOf(name).address);
  }

  async down(): Promise<void> {
    await step(this.log, `lab ${this.prefix} down`, () => tearDown(this.prefix));
  }

  private stateOf(name: string): HostState {
    const host = this.current.hosts.find((one) => one.name === name);
    if (host === undefined) throw new Error(`no host "${name}" in the lab ${this.prefix}`);
    return host;
  }

  private async start(
    specs: readonly HostSpec[],
    images: ReadonlyMap<string, Image>,
    signal: AbortSignal,
  ): Promise<void> {
    await step(this.log, `network ${this.subnet}`, async () => {
      await makeKeys(this.current);
      await makeSwitch(this.current);
      await startDhcp(this.current);
    });
    await eachOf(this.current.hosts, atOnce, async (host) => {
      const spec = specs.find((one) => one.name === host.name);
      await step(this.log, `${host.name} (${host.image}, ${host.address})`, async () => {
        signal.throwIfAborted();
        await makeDisk(this.current, host);
        const image = spec && images.get(imageOf(spec));
        const files = filesOf(this.current, host, spec, image);
        await personalise(this.current, host, files, setupOf(spec?.options));
        await powerOn(this.current, host);
        await this.host(host.name).ready(undefined, signal);
      });
    });
    writeClientFiles(this.current);
  }
}
