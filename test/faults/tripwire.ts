/**
 * The points of a run on a host: every exec over ssh, and every program that a script of ours runs there. A shim
 * stands before each program in /usr/local/sbin, where the scripts' PATH begins: the product has no hook for it.
 * It tells our scripts from all others by that PATH, which nothing else on a host has, counts, and can stop at
 * the n-th one until the fault has been done to the host.
 */
import type { Host } from "../../lab/host.js";
import { sleep } from "../../lab/run.js";
import { type Desk, deskOf } from "./desk.js";

/** The caller of a program: a script that came over ssh, or one that runs on the host alone. */
export type Series = "ssh" | "alone";

export interface Call {
  readonly series: Series;
  readonly n: number;
  /** The exec it belongs to. */
  readonly session: string;
  readonly words: string;
  /** True where its script holds the host's lock: it changes something. */
  readonly changing: boolean;
}

/** The act of a shim in place of its program; "stop" runs it and then waits for the fault. */
export type Trap = "stop" | "fail" | "hang" | "garbage";

/**
 * A call: the n-th of a run; so many after one that looks like the landmark, in the landmark's session; or after
 * that the one with these words, so many times, in whichever session.
 */
export type Place =
  | { readonly n: number }
  | { readonly landmark: string; readonly more: number }
  | { readonly landmark: string; readonly words: string; readonly times: number };

/** Packages whose programs are counted; those that a script of ours names are among them. */
const packages =
  "coreutils util-linux grep sed findutils iproute2 iptables nftables systemd procps sudo conntrack dash docker.io docker-cli firewalld";

const shimFor = ({ folder }: Desk): string => `#!/bin/sh
# Put here by a test of dockroute: counts the programs that its scripts run.
name=\${0##*/}
for real in /usr/local/bin /usr/sbin /usr/bin /sbin /bin; do [ -x "$real/$name" ] && break; done
real=$real/$name
d=${folder}
[ -d $d ] || exec "$real" "$@"
case $PATH in
  */snap/bin) ;;
  *) [ "$name:\${SSH_CONNECTION:+ssh}" = id:ssh ] || exec "$real" "$@" ;;
esac
series=alone
[ -z "$SSH_CONNECTION" ] || series=ssh
read -r a b c e f session rest </proc/$$/stat
command exec 7>>$d/lock || exec "$real" "$@" # the count was ended just now
/usr/bin/flock 7
n=0
[ ! -e $d/$series ] || read -r n <$d/$series
n=$((n + 1))
echo $n >$d/$series
words="$name $*"
words=\${words%%
*}
printf '%s %s %s %s\\n' $series $n "$session" "$words" >>$d/trace
at= trap_= since=
[ ! -e $d/trap ] || read -r at number trap_ <$d/trap
here=$n
case "$series $number" in "$at +"*)
  # So many calls after the landmark, in the landmark's session.
  IFS= read -r landmark <$d/landmark
  [ ! -e $d/since ] || read -r since here <$d/since
  if [ -e $d/since ]; then here=$((here + 1)); else case $words in $landmark) since=$session here=0 ;; esac; fi
  if [ "$since" = "$session" ]; then echo "$since $here" >$d/since; here=+$here; else here=; fi ;;
"$at @"*)
  here=
  IFS= read -r landmark <$d/landmark
  IFS= read -r wanted <$d/words
  if [ -e $d/since ]; then
    read -r here <$d/since
    case $words in $wanted) here=$((here + 1)); echo $here >$d/since; here=@$here ;; *) here= ;; esac
  else case $words in $landmark) echo 0 >$d/since ;; esac; fi ;;
esac
if [ -n "$at" ] && [ "$series $here" = "$at $number" ]; then echo $n >$d/sprung; /bin/rm $d/trap; else trap_=; fi
exec 7>&-
case $trap_ in
  fail) echo "made to fail by a test" >&2; exit 1 ;;
  hang) while [ -e $d ] && [ ! -e $d/go ]; do /bin/sleep 0.1; done; exit 1 ;;
  garbage) /usr/bin/head -c 5000 /dev/urandom; exit 0 ;;
esac
"$real" "$@"
code=$?
if [ "$trap_" = stop ]; then
  : >$d/hit
  while [ -e $d/hit ] && [ ! -e $d/go ]; do /bin/sleep 0.02; done
fi
exit $code
`;

export class Tripwire {
  private readonly desk: Desk;

  constructor(private readonly host: Host) {
    this.desk = deskOf(host);
  }

  /** Puts the shims on the host, before anything is compared with its pristine state. */
  async install(): Promise<void> {
    await this.host.run(
      `cat >/usr/local/sbin/.shim; chmod 755 /usr/local/sbin/.shim; cd /usr/local/sbin; ` +
        `for path in $(dpkg -L ${packages} 2>/dev/null | grep -E '/s?bin/[^/]+$'); do ` +
        `[ -x "$path" ] && ln -sf .shim "\${path##*/}"; done`,
      { input: shimFor(this.desk) },
    );
  }

  /** Begins to count anew; with a trap, the call at that place runs into it. */
  async begin(trap?: Place & { readonly series?: Series; readonly does?: Trap }): Promise<void> {
    await this.desk.clear();
    if (trap === undefined) return this.desk.write({});
    const at = "n" in trap ? trap.n : "more" in trap ? `+${trap.more}` : `@${trap.times}`;
    await this.desk.write({
      // Patterns of the shell's `case`.
      ...("landmark" in trap && { landmark: `${trap.landmark}\n` }),
      ...("words" in trap && { words: `${trap.words}\n` }),
      trap: `${trap.series ?? "ssh"} ${at} ${trap.does ?? "stop"}\n`,
    });
  }

  /** The number of the call that ran into the trap, if it was made. */
  async sprung(): Promise<number | undefined> {
    return (await this.desk.has("sprung")) ? Number(await this.desk.read("sprung")) : undefined;
  }

  /** That call. */
  async struck(): Promise<Call | undefined> {
    const number = await this.sprung();
    return (await this.calls()).find(({ series, n }) => series === "ssh" && n === number);
  }

  /** Resolves with true when a program stands still at its trap, with false when `over` says so first. */
  async hit(over: () => boolean): Promise<boolean> {
    while (!(await this.desk.has("hit"))) {
      if (over()) return false;
      await sleep(this.desk.pause);
    }
    return true;
  }

  /** Lets the program go on that stands still, and ends the one that hangs. */
  async release(): Promise<void> {
    if (await this.desk.has()) await this.desk.write({ go: "" });
  }

  /** Ends the counting; the shims only pass on from now on. */
  async end(): Promise<readonly Call[]> {
    const calls = await this.calls();
    await this.release();
    await this.desk.clear();
    return calls;
  }

  async calls(): Promise<readonly Call[]> {
    if (!(await this.desk.has("trace"))) return [];
    const lines = (await this.desk.read("trace")).split("\n");
    const calls = lines.flatMap((line) => {
      const found = /^(ssh|alone) (\d+) (\d+) (.*)$/.exec(line);
      if (found === null) return [];
      const [, series, n, session = "", words = ""] = found;
      return [{ series: series as Series, n: Number(n), session, words }];
    });
    const changing = new Set<string>();
    return calls.map((call) => {
      if (/^flock .*\b[89]$/.test(call.words)) changing.add(call.session);
      // Every look begins so, also one that follows a change in its script; the lock is let go after it.
      if (/^ip -j -4 (addr show|-force -batch)/.test(call.words)) changing.delete(call.session);
      return { ...call, changing: changing.has(call.session) || call.words.includes("/run/dockroute.lock") };
    });
  }
}
