/** The device of a HostLink, and what makes it: the key, and wireguard-go where the kernel has no WireGuard. */
import { type Claim, type Claims, state } from "../../engine/claim.js";
import type { Command, Line } from "../../engine/command.js";
import { makeLink, removeFile } from "../../facts/files.js";
import { setAddresses } from "../../facts/iproute.js";
import * as link from "../../facts/link-device.js";
import { scriptsDirectory } from "../../facts/places.js";
import * as wireguard from "../../facts/wireguard.js";
import { type HostLinkSeen, mtuOf, programOf } from "./facts.js";
import { addressOf, deviceOf, type HostLinkInputs, portOf } from "./inputs.js";

export function deviceLines(wanted: HostLinkInputs, seen: HostLinkSeen): readonly Line[] {
  const name = deviceOf(wanted);
  const vxlan = { ...wanted, address: addressOf(wanted), port: portOf(wanted) };
  const add =
    wanted.kind === "vxlan"
      ? link.addVxlan(name, vxlan)
      : programOf(wanted, seen) === undefined
        ? link.addWireGuard(name)
        : link.awaitDevice(name);
  return [
    add,
    ...(wanted.kind === "wireguard" ? [wireguard.setDevice(name, portOf(wanted))] : []),
    link.raise(name, mtuOf(wanted, seen)),
    { argv: setAddresses(name, [`${addressOf(wanted)}/32`]).argv },
  ];
}

export function foundDevice(wanted: HostLinkInputs, { devices }: HostLinkSeen): link.Device | undefined {
  return devices.find(({ name }) => name === deviceOf(wanted));
}

/** A device of our name without our alias, and not just made by the unit of wireguard-go. */
export function isForeign(wanted: HostLinkInputs, seen: HostLinkSeen): boolean {
  const found = foundDevice(wanted, seen);
  return found !== undefined && found.alias !== link.alias && !seen.scripts.files.has(wireguard.unitPath);
}

/** @param load loads the script, in which the device is */
export function deviceClaim(wanted: HostLinkInputs, seen: HostLinkSeen, load: Command): Claim {
  const name = deviceOf(wanted);
  const found = foundDevice(wanted, seen);
  const anew = found !== undefined && !isOfForm(found, wanted, seen);
  const differs = found === undefined ? [] : differencesOf(found, wanted, seen);
  const isUnit = seen.scripts.files.has(wireguard.unitPath);
  return {
    what: `device ${name}`,
    is: state(differs.length === 0 && !anew && found !== undefined, found !== undefined),
    ...(found === undefined ? {} : { found: anew ? "of another form" : differs.join(", ") }),
    make: [
      ...(anew ? [link.removeDevice(name)] : []),
      load,
      // A device takes its routes and peers along when it goes.
      ...(anew || found === undefined ? [loadRoutes] : []),
    ],
    remove: isUnit && wanted.kind === "wireguard" ? wireguard.stopUnit(name) : [link.removeDevice(name)],
  };
}

const loadRoutes: Command = {
  why: "put the routes by the new device in place",
  argv: [
    "sh",
    "-c",
    'for each in "$1"/40-*; do [ ! -e "$each" ] || sh "$each" || :; done',
    "sh",
    scriptsDirectory,
  ],
};

/** Whether it has what a device is made with and keeps. */
function isOfForm({ kind, mac, vxlan }: link.Device, wanted: HostLinkInputs, seen: HostLinkSeen): boolean {
  if (wanted.kind === "wireguard")
    return kind === (programOf(wanted, seen) === undefined ? "wireguard" : "tun");
  return (
    kind === "vxlan" &&
    mac === link.macOf(addressOf(wanted)) &&
    vxlan?.id === link.vni &&
    vxlan.port === portOf(wanted) &&
    vxlan.learning === false &&
    vxlan.link === wanted.interface
  );
}

/** How it differs, in words. */
function differencesOf(found: link.Device, wanted: HostLinkInputs, seen: HostLinkSeen): readonly string[] {
  const { links, wireguard: held } = seen;
  const has = links.find(({ name }) => name === found.name)?.addresses ?? [];
  const isAddressed = has.length === 1 && has[0] === `${addressOf(wanted)}/32`;
  const isKeyed = wanted.kind !== "wireguard" || held.publicKey === held.key?.publicKey;
  const isListening = wanted.kind !== "wireguard" || held.port === portOf(wanted);
  return [
    ...(found.isUp ? [] : ["down"]),
    ...(found.alias === link.alias ? [] : ["without its alias"]),
    ...(found.mtu === mtuOf(wanted, seen) ? [] : [`mtu ${found.mtu}`]),
    ...(isAddressed ? [] : [has.length === 0 ? "no address" : `address ${has.join(", ")}`]),
    ...(isKeyed ? [] : ["another key"]),
    ...(isListening ? [] : [`port ${held.port ?? "none"}`]),
  ];
}

/** The key is no part of the script: a repair that made another one would cut the host off from all its peers. */
export function keyClaim(wanted: HostLinkInputs, { wireguard: held }: HostLinkSeen): Claims {
  if (wanted.kind !== "wireguard") return [];
  const isSo = held.key?.access === "600 0:0" && held.key.publicKey !== undefined;
  return [
    {
      what: wireguard.keyFile,
      is: state(isSo, held.key !== undefined),
      ...(held.key === undefined || isSo
        ? {}
        : { found: held.key.publicKey === undefined ? "no key in it" : `mode and owner ${held.key.access}` }),
      make: [wireguard.makeKey()],
      remove: [wireguard.removeKey()],
    },
  ];
}

export function unitClaims(wanted: HostLinkInputs, seen: HostLinkSeen): Claims {
  const program = programOf(wanted, seen);
  const there = seen.scripts.files.get(wireguard.unitPath);
  const isEnabled = seen.scripts.enabled.has(wireguard.unitLink);
  const name = deviceOf(wanted);
  const text = wireguard.unitText(program ?? "", name);
  const why = `remove ${wireguard.unit}`;
  const remove = [
    removeFile(wireguard.unitLink, why),
    removeFile(wireguard.unitPath, why),
    { why: "have systemd forget dockroute's units", argv: ["systemctl", "daemon-reload"] },
  ];
  if (wanted.kind !== "wireguard" || (program === undefined && there === undefined)) return [];
  const isSo = there === text && isEnabled && foundDevice(wanted, seen) !== undefined;
  return [
    {
      what: wireguard.unit,
      is: state(isSo, there !== undefined),
      ...(isSo || there === undefined
        ? {}
        : { found: there === text ? "not enabled or not running" : "differs" }),
      make: [
        wireguard.writeUnit(text),
        makeLink(wireguard.unitPath, wireguard.unitLink, `enable ${wireguard.unit}`),
        ...wireguard.startUnit,
      ],
      remove,
    },
  ];
}
