import { ownerOf } from "../../boot/owner.js";
import * as boot from "../../boot/script.js";
import { type Claim, type Claims, heldBy, outdated, state } from "../../engine/claim.js";
import { type Command, UnreadableAnswer } from "../../engine/command.js";
import type { Remembered } from "../../engine/kind.js";
import * as docker from "../../facts/docker-lans.js";
import * as link from "../../facts/ip-links.js";
import type { LanNetworkInputs } from "./inputs.js";
import { aliasOf, holderOf, type LanSeen, type Layout, layoutOf, sameNetwork } from "./layout.js";
import { ownLinkClaim } from "./own-link.js";

export interface ClaimsSeen extends LanSeen {
  readonly hanging: readonly docker.Hanging[];
  /** The settings of the host's own link. */
  readonly arp: boolean | undefined;
  /** Docker was removed from the host, and its networks with it. */
  readonly removed: boolean;
}

type Wanted = LanNetworkInputs & Remembered;

/** The links come before Docker's network: Docker leaves a VLAN's link alone that is there already. */
export function lanClaims(wanted: Wanted, seen: ClaimsSeen): Claims {
  const layout = layoutOf(wanted, seen);
  const script = scriptOf(wanted, layout);
  const load = boot.load(script, `make the host's links for ${wanted.name}`);
  const owner = boot.holderOf(script, seen.scripts);
  return [
    ...heldBy(owner, [...vlanClaim(layout, seen, load), ...ownLinkClaim(wanted, layout, seen, load)]),
    // Before the network, which bears only a label: a run that is killed in between leaves what a destroy finds.
    ...boot.keptAtBoot(script, seen.scripts),
    networkClaim(wanted, layout, script, seen),
    ...bindingClaim(wanted, seen),
    ...heldBy(owner, formerLinks(wanted, layout, seen)),
  ];
}

/** It lies on the host even where it makes no link: it tells whose Docker's network is. */
function scriptOf(wanted: Wanted, { parent, link: on, vlanLink, own }: Layout): boot.Script {
  const vlan =
    vlanLink === undefined || parent === undefined
      ? []
      : link.makeVlan(vlanLink.name, parent, vlanLink.id, aliasOf(wanted));
  return {
    kind: "lan",
    subject: wanted.name,
    holder: holderOf(wanted),
    about: `Docker's network ${wanted.name} (${wanted.driver} on ${on ?? "no link"}) has the addresses ${wanted.range}.`,
    lines: [...vlan, ...(own === undefined ? [] : link.makeOwnLink(own))],
  };
}

function vlanClaim({ parent, vlanLink }: Layout, { kinds }: ClaimsSeen, load: Command): Claims {
  if (vlanLink === undefined) return [];
  const { name, id } = vlanLink;
  const there = kinds.find((each) => each.name === name);
  const isSo = there?.vlan === id && there.below === parent && there.isUp;
  return [
    {
      what: `link ${name} of VLAN ${id}`,
      is: state(isSo, there !== undefined),
      ...(there === undefined || there.isUp ? {} : { found: "down" }),
      make: [load],
      remove: [link.deleteLink(name, `remove the link ${name} of VLAN ${id}`)],
    },
  ];
}

/** Docker's network of this name. Without an answer of Docker nothing is known of it. */
export function networkOfName(
  { name }: Pick<LanNetworkInputs, "name">,
  { networks, removed }: Pick<ClaimsSeen, "networks" | "removed">,
): docker.MadeNetwork | undefined {
  if (networks === undefined && !removed) throw new UnreadableAnswer(docker.asked, "Docker does not answer");
  return networks?.find((each) => each.name === name);
}

function networkClaim(wanted: Wanted, { network }: Layout, script: boot.Script, seen: ClaimsSeen): Claim {
  const there = networkOfName(wanted, seen);
  const isSo = there !== undefined && sameNetwork(there, network);
  const notOurs = there === undefined ? undefined : ownerOfNetwork(there, wanted, script, seen);
  const why = `make Docker's network ${wanted.name} (${wanted.driver}, ${wanted.range})`;
  const names = seen.hanging.map(({ container }) => container).join(", ");
  return {
    what: `Docker's network ${wanted.name}`,
    is: state(isSo, there !== undefined),
    ...(there === undefined || isSo ? {} : { found: inWords(there) }),
    ...(notOurs === undefined ? {} : { notOurs }),
    make: [docker.makeNetwork(network, there === undefined ? undefined : asMade(there), why)],
    remove:
      there === undefined || seen.hanging.length === 0
        ? [docker.removeNetwork(wanted.name)]
        : {
            property: "name",
            reason:
              `containers hang on ${wanted.name}, which keep Docker from removing it or could not start without it: ${names}; ` +
              `remove them, or take each off first: \`docker network disconnect ${wanted.name} CONTAINER\``,
          },
  };
}

/** The label is as it was made; the script tells of a resource or a stack that got another name since. */
function ownerOfNetwork(
  { holder, name }: docker.MadeNetwork,
  wanted: Wanted,
  script: boot.Script,
  { scripts }: ClaimsSeen,
): Claim["notOurs"] {
  if (holder === undefined) {
    return {
      property: "name",
      reason: `Docker has a network ${name} that somebody else made and that is another one; remove it, or take another name`,
    };
  }
  return scripts.files.has(boot.pathOf(script))
    ? boot.holderOf(script, scripts)
    : ownerOf(holder, holderOf(wanted));
}

function asMade({ ranges: [range], ...made }: docker.MadeNetwork): docker.NewNetwork | undefined {
  return range === undefined ? undefined : { ...made, range };
}

function inWords({ driver, options, ranges }: docker.MadeNetwork): string {
  const all = ranges.map(({ subnet, range, gateway }) =>
    [subnet, range && `containers ${range}`, gateway && `gateway ${gateway}`].filter(Boolean).join(", "),
  );
  const on = options["parent"] ?? options["com.docker.network.bridge.name"];
  return [driver, on && `on ${on}`, ...all].filter(Boolean).join(" ");
}

/** A container that Docker bound to a network of this name that is no more cannot start. */
function bindingClaim(wanted: Wanted, seen: ClaimsSeen): Claims {
  const there = networkOfName(wanted, seen);
  const lost = seen.hanging.filter(({ networkId }) => networkId !== "" && networkId !== there?.id);
  if (there === undefined || lost.length === 0) return [];
  const names = lost.map(({ container }) => container).join(", ");
  return [
    {
      ...{ what: `containers on ${wanted.name}`, is: "changed" },
      found: `${names} bound to a network that is no more`,
      make: [docker.bindAgain(wanted.name, `put ${names} on ${wanted.name} again`)],
      remove: [],
    },
  ];
}

/** VLAN links of ours for this network that it has no more, because its parent or its VLAN is another one. */
function formerLinks(wanted: Wanted, layout: Layout, { kinds }: ClaimsSeen): Claims {
  return kinds
    .filter(({ alias, name }) => alias === aliasOf(wanted) && name !== layout.vlanLink?.name)
    .flatMap(({ name }) => outdated(`link ${name}`, [link.deleteLink(name, `remove the link ${name}`)]));
}
