/**
 * wireguard-tools: a device's key, port and peers. The private key is made on the host, in a file that only root reads, and
 * never leaves it: no command prints it, and no argv holds it.
 */
import { asset } from "../engine/asset.js";
import { type Answer, type Command, type Line, readOnce, unseen } from "../engine/command.js";
import { factFor } from "../engine/fact.js";
import { removeWithFolders, writeFile } from "./files.js";
import { directory, madeBy, unitsDirectory } from "./places.js";

/** The private key of the host. The question for dockroute's files leaves out names that end in ".key". */
export const keyFile = `${directory}/wg.key`;

export interface Peer {
  readonly publicKey: string;
  /** The ranges that its packets may come from, and that go to it. */
  readonly ranges: readonly string[];
  /** The address that it was last heard from, or that was set. undefined if neither has happened. */
  readonly endpoint?: string;
  /** Seconds. */
  readonly keepalive?: number;
}

export interface WireGuardSeen {
  /** The program wg. */
  readonly hasTools: boolean;
  /** The kernel has WireGuard, loaded or not. */
  readonly inKernel: boolean;
  /** The path of wireguard-go. */
  readonly userspace?: string;
  /** The key file's mode and owner, "600 0:0", and the public key of what is in it. */
  readonly key?: { readonly access: string; readonly publicKey?: string };
  /** The device's own key. undefined if it has none, or there is no device. */
  readonly publicKey?: string;
  readonly port?: number;
  readonly peers: readonly Peer[];
}

export function question(device: string): Command {
  return {
    why: `read what WireGuard has on ${device}`,
    argv: ["sh", "-c", asset("facts/wireguard.sh"), "sh", device, keyFile],
  };
}

/** WireGuard's state on a device, for a kind whose inputs name one. Nothing is asked where they name none. */
export function wireguardOn<I>(deviceOf: (inputs: I) => string | undefined) {
  return factFor(
    (inputs: I) => [deviceOf(inputs)].flatMap((name) => (name === undefined ? [] : [question(name)])),
    ([answer]): WireGuardSeen => read(answer ?? unseen),
  );
}

export const read = readOnce(({ stdout }: Answer): WireGuardSeen => {
  const lines = stdout.split("\n").map((line) => line.split(/\s+/).filter((word) => word !== ""));
  const all = (word: string) => lines.flatMap(([first, ...rest]) => (first === word ? [rest] : []));
  const one = (word: string, at = 0) => stated(all(word)[0]?.[at]);
  const of = (word: string, key: string) =>
    all(word)
      .find(([peer]) => peer === key)
      ?.slice(1) ?? [];
  const [mode, owner, publicKey] = all("key-file")[0] ?? [];
  const userspace = all("installed").find(([name]) => name === "wireguard-go")?.[1];
  const [device, port] = [one("public-key"), Number(one("listen-port") ?? 0)];
  return {
    hasTools: all("installed").some(([name]) => name === "wg"),
    inKernel: all("installed").some(([name]) => name === "kernel"),
    ...(userspace === undefined ? {} : { userspace }),
    ...(mode === undefined
      ? {}
      : { key: { access: `${mode} ${owner}`, ...(publicKey === undefined ? {} : { publicKey }) } }),
    ...(device === undefined ? {} : { publicKey: device }),
    ...(port === 0 ? {} : { port }),
    peers: all("peers").flatMap(([key]) => (key === undefined ? [] : [peerOf(key, of)])),
  };
});

function peerOf(publicKey: string, of: (word: string, key: string) => readonly string[]): Peer {
  const endpoint = stated(of("endpoints", publicKey)[0]);
  const keepalive = Number(of("persistent-keepalive", publicKey)[0]);
  return {
    publicKey,
    ranges: of("allowed-ips", publicKey).filter((range) => stated(range) !== undefined),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(Number.isInteger(keepalive) && keepalive > 0 ? { keepalive } : {}),
  };
}

function stated(word: string | undefined): string | undefined {
  return word === "(none)" || word === "off" ? undefined : word;
}

/** The time of the last handshake with each peer. Only `status` asks: it changes by itself, so it is no drift. */
export const handshakesQuestion = (device: string): Command => ({
  why: `read when ${device} last heard from its peers`,
  argv: ["wg", "show", device, "latest-handshakes"],
});

/** By public key; none where there was no handshake yet. */
export function readHandshakes({ stdout }: Answer): ReadonlyMap<string, Date> {
  const pairs = stdout.split("\n").map((line) => line.split(/\s+/));
  return new Map(
    pairs.flatMap(([key = "", seconds]) =>
      keyForm.test(key) && Number(seconds) > 0 ? [[key, new Date(Number(seconds) * 1000)] as const] : [],
    ),
  );
}

/** A key of Curve25519 in base64. */
export const keyForm = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/;

export function makeKey(): Command {
  return {
    why: `make a key for WireGuard in ${keyFile}, if there is none`,
    argv: ["sh", "-c", asset("facts/wireguard-key.sh"), "sh", keyFile],
  };
}

export function removeKey(): Command {
  return removeWithFolders([keyFile, `${directory}/new.key`], [directory], "remove WireGuard's key");
}

/** The device has this port and the host's key. Run again it disturbs no peer. */
export function setDevice(device: string, port: number): Line {
  return { argv: ["wg", "set", device, "listen-port", String(port), "private-key", keyFile] };
}

export interface PeerWanted {
  readonly device: string;
  readonly publicKey: string;
  readonly range: string;
  readonly endpoint?: string | undefined;
  readonly keepalive?: number | undefined;
}

/**
 * The peer with its range. Its endpoint is set only where it has none: WireGuard learns where a peer is from what it sends,
 * and setting an old endpoint again would cut off a peer that has moved.
 */
export function setPeer({ device, publicKey, range, endpoint, keepalive }: PeerWanted): readonly Line[] {
  const set = ["wg", "set", device, "peer", publicKey];
  const script = 'wg show "$1" endpoints | grep -vF "(none)" | grep -qF "$2"';
  const first: Line = {
    argv: [...set, "endpoint", endpoint ?? ""],
    unless: ["sh", "-c", script, "sh", device, publicKey],
  };
  const seconds = keepalive === undefined ? "off" : String(keepalive);
  return [
    ...(endpoint === undefined ? [] : [first]),
    { argv: [...set, "persistent-keepalive", seconds, "allowed-ips", range] },
  ];
}

/** For a peer whose endpoint in the inputs is another one than before. */
export function setEndpoint({ device, publicKey, endpoint }: PeerWanted): readonly Command[] {
  if (endpoint === undefined) return [];
  const argv = ["wg", "set", device, "peer", publicKey, "endpoint", endpoint];
  return [{ why: `send to ${endpoint} from now on`, argv }];
}

export function removePeer(device: string, publicKey: string, why: string): Command {
  return { why, argv: ["wg", "set", device, "peer", publicKey, "remove"] };
}

/** The unit of wireguard-go, for a host whose kernel has no WireGuard. */
export const unit = "dockroute-wireguard.service";
export const unitPath = `${unitsDirectory}/${unit}`;
export const unitLink = `${unitsDirectory}/multi-user.target.wants/${unit}`;

/** An ended wireguard-go takes its device, peers and routes along, so each start is followed by a repair. */
export function unitText(program: string, device: string): string {
  return `# ${madeBy}
[Unit]
Description=dockroute: WireGuard on ${device}, which this kernel does not have
After=network-online.target
Wants=network-online.target
Before=dockroute-boot.service docker.service
StartLimitIntervalSec=0
[Service]
ExecStart=${program} -f ${device}
ExecStartPost=-/bin/sh ${directory}/apply repair
Restart=always
RestartSec=1
[Install]
WantedBy=multi-user.target
`;
}

export function writeUnit(text: string): Command {
  return writeFile({ path: unitPath, text, mode: "644", why: `put ${unit} in place` });
}

export const startUnit: readonly Command[] = [
  { why: "have systemd read dockroute's units", argv: ["systemctl", "daemon-reload"] },
  { why: "start wireguard-go", argv: ["systemctl", "restart", "--no-block", unit] },
];

/** With the socket that wireguard-go may leave. */
export function stopUnit(device: string): readonly Command[] {
  return [
    { why: "stop wireguard-go", argv: ["systemctl", "stop", unit] },
    { why: "remove wireguard-go's socket", argv: ["rm", "-f", `/var/run/wireguard/${device}.sock`] },
  ];
}
