/** nftables: chains of ours that a script on the host loads, and guards among them that come and go with Docker's filter. */
import { quote, type ShellText } from "../engine/command.js";
import { type Chain, load, loadedText, table } from "./nft.js";

export interface Guarded {
  /** Loaded in any case. */
  readonly always: readonly Chain[];
  /** Loaded while Docker's filter is not there, and removed while it is. */
  readonly guard: readonly Chain[];
  /** The question of the script's shell whether Docker's filter is there. undefined: no guard is wanted. */
  readonly ifDockers: string | undefined;
}

/** Asks in a script's shell whether the table is there. */
export function askFor(argv: readonly string[]): string {
  return `${quote(argv)} >/dev/null 2>&1`;
}

/** One transaction of nft. */
export function loadGuarded({ always, guard, ifDockers }: Guarded): ShellText {
  const without = always.length === 0 ? removeIfThere(guard) : here(loadedText(always, guard));
  if (ifDockers === undefined) return { shell: without };
  const lines = [
    `if ${ifDockers}; then`,
    without,
    "else",
    here(load([...always, ...guard]).stdin ?? ""),
    "fi",
  ];
  return { shell: lines.join("\n") };
}

function here(text: string): string {
  return `nft -f - <<'DOCKROUTE'\n${text}DOCKROUTE`;
}

/** The table goes with its last chain. */
function removeIfThere(chains: readonly Chain[]): string {
  const at = `ip ${table}`;
  return [
    `ours=$(nft list table ${at} 2>/dev/null) || ours=''`,
    "remove='' others=''",
    "IFS='",
    "'",
    "set -f",
    "for line in $ours; do",
    "  case $line in",
    ...chains.map(
      ({ name }) =>
        `    *${quote([`chain ${name} {`])}) remove="$remove; flush chain ${at} ${name}; delete chain ${at} ${name}" ;;`,
    ),
    "    *chain*) others=yes ;;",
    "  esac",
    "done",
    "set +f",
    "unset IFS",
    `[ -n "$others" ] || remove="\${remove:+; delete table ${at}}"`,
    `[ -z "$remove" ] || nft "\${remove#; }" 2>/dev/null || :`,
  ].join("\n");
}
