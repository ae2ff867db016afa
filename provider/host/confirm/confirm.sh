#!/bin/sh
# A change of a host that takes itself back unless it is confirmed: the "commit confirmed" of Junos.
#
# dockroute has its shell on the host read this text (provider/host/confirm/script.ts), and then calls
#
#   transaction lock WHO TRIES SECONDS   takes the host's lock for as long as the shell lives
#   transaction recover                  ends a change whose maker is dead
#   transaction look                     tells of such a change, and leaves it alone
#   transaction arm TOKEN SECONDS STEPS  puts the undo program and its triggers on the host
#   transaction turn                     before each step: the change still waits, and has its full time again
#   transaction hold SECONDS             holds the lock while the client verifies the change
#   transaction confirm TOKEN            keeps the change
#   transaction undo TOKEN               takes it back now
#
# A verb that refuses has told why and fails. `tell WORD TEXT` and `dockroute_mark` belong to the caller.
#
# The undo program on the host is STEPS (the change's name and shell functions that take it back), this text, and
#
#   transaction take-back BY             takes the change back; BY is timer, boot, boot-rest, hand or a name
#
# So the undo needs nothing but the host. A person can read it and run it, and it can be run again after an
# interruption.
#
# Every POSIX shell that a Linux host has as /bin/sh (dash, bash, busybox) knows -ef.
# shellcheck disable=SC3013

lock=/run/dockroute.lock
home=/etc/dockroute
pending=$home/pending
undo=$pending/undo
# Marks that the folder of the boot unit's link is ours, and so is removed with it.
made_wants=$pending/made-wants
# The shell that makes the change, and its process group.
maker=$pending/maker
# The same of the shell that looked last whether the change still waits: it may hang, and keep the undo from it.
turn=$pending/turn
# Written when the time was over in the middle of a service's start.
slow=$pending/slow
last=$home/last-undo
units=/etc/systemd/system
unit=$units/dockroute-undo.service
wants=$units/multi-user.target.wants
link=$wants/dockroute-undo.service
token=

transaction() {
  verb=$1
  shift
  case $verb in
    lock) transaction_lock "$@" ;;
    recover) transaction_recover ;;
    look) transaction_look ;;
    arm) transaction_arm "$@" ;;
    turn) transaction_turn ;;
    hold) transaction_hold "$@" ;;
    confirm) transaction_confirm "$@" ;;
    undo) transaction_undo "$@" ;;
    take-back) transaction_take_back "$@" ;;
    *) echo "transaction: no verb $verb" >&2 && return 1 ;;
  esac
}

# --- the lock ---

# The kernel's lock on an open file ends with the process, whatever kills it, and no age of a file has to be
# guessed. The holder removes the file, so a shell that has waited must see whether it still is the one under this
# name. Only root may open it: a reader could take the lock as well.
transaction_lock() {
  command -v flock >/dev/null || {
    tell refused 'the program flock is missing on this host, and without it two changes could meet; install util-linux'
    return 1
  }
  transaction_open_lock
  while :; do
    tries=0
    until flock -w 2 9; do
      tell waiting "$(cat $lock)"
      flock -w "$3" 9 && break
      tries=$((tries + 1))
      if [ "$tries" -ge "$2" ]; then
        tell busy "$(cat $lock)"
        return 1
      fi
    done
    [ $lock -ef /proc/self/fd/9 ] && break
    transaction_open_lock
  done
  printf '%s\n' "$1" >$lock
  trap 'rm -f $lock' EXIT
  trap 'exit 1' HUP INT PIPE TERM
}

transaction_open_lock() {
  umask 077
  exec 9>>$lock
  umask 022
}

# --- a change of before, whose maker is dead ---

# The caller holds the lock, so the maker does not.
transaction_recover() {
  if [ -e $undo ]; then
    sh $undo 'the next change' 9>&- >&2 || {
      tell stuck "$(cat $last)"
      return 1
    }
  fi
  if [ -d $pending ]; then
    transaction_clean_up
    transaction_forget_unit
  fi
  if [ -s $last ]; then
    tell undone-before "$(cat $last)"
    transaction_forget_last
  fi
  return 0
}

transaction_look() {
  [ ! -s $last ] || tell undone-before "$(cat $last)"
  [ ! -d $pending ] || tell pending yes
}

# --- the change ---

# Puts the undo program and its two triggers on the host, or refuses with nothing changed.
transaction_arm() {
  [ -d /run/systemd/system ] || {
    tell refused 'systemd does not run on this host, and without it a change that cuts the link could not undo itself; boot it with systemd, or leave it out of the config'
    return 1
  }
  armed=0
  said=
  # The first timer asks nothing: a question that hangs before it would leave the change with no end but the client's.
  why_not='the program that would undo the change could not be put on the host; make room in its /etc, and make it writable'
  said=$(transaction_write "$3" 2>&1) && trap 'dockroute_mark "done"; exit 1' TERM && said=$(transaction_publish 2>&1) &&
    token=$1 seconds=$2 &&
    why_not='systemd was not given the timer that would undo the change; it must be systemd 236 or newer, and take orders by systemd-run' &&
    transaction_start_timer && return 0
  token=
  rm -f $undo
  transaction_clean_up
  transaction_forget_unit
  tell refused "$why_not${said:+ ($said)}"
  return 1
}

transaction_write() {
  # shellcheck disable=SC2016,SC2154 # the caller has read this text from the variable; BY is the program's own
  mkdir -p $home && mkdir -m 700 $pending && transaction_make_wants &&
    printf '%s\n' "$1" "$transaction_text" 'transaction take-back "${1:-hand}"' >$undo.new && sh -n $undo.new &&
    transaction_boot_unit >$unit && ln -sf $unit $link &&
    transaction_note $maker
}

transaction_make_wants() {
  [ -d $wants ] || { mkdir -p $wants && : >$made_wants; }
}

# All files are on the disk before the undo program gets its name, and the name before the first step.
transaction_publish() {
  sync $undo.new $unit $wants $units $home && mv $undo.new $undo && sync $pending
}

# At boot the undo comes before Docker starts with what nobody confirmed.
transaction_boot_unit() {
  printf '%s\n' '# Made by dockroute, for as long as a change waits for its confirmation.' \
    '[Unit]' \
    'Description=Take back a change by dockroute that was not confirmed' \
    "ConditionPathExists=$undo" \
    'After=local-fs.target' \
    'Before=docker.service dockroute-boot.service dockroute.service' \
    '[Service]' \
    'Type=oneshot' \
    "ExecStart=/bin/sh $undo boot" \
    '[Install]' \
    'WantedBy=multi-user.target'
}

transaction_turn() {
  transaction_renew || {
    tell undone "$(cat $last)"
    return 1
  }
}

# The change still waits, and from now on has its full time again.
transaction_renew() {
  [ -n "$token" ] && transaction_while_ours "$token" transaction_start_timer -n
}

# The name is the change's own: an earlier undo that failed may still be waiting for its next try.
transaction_start_timer() {
  timer=dockroute-undo-${token%"${token#????}"}
  said=$(systemd-run --quiet --collect --description='Take back a change by dockroute' \
    --unit="$timer-$((armed + 1))" --on-active="${seconds}s" --timer-property=AccuracySec=1s \
    -p Restart=on-failure -p RestartSec=5s -p StartLimitIntervalSec=600 -p StartLimitBurst=3 \
    /bin/sh -c "[ ! -e $undo ] || exec /bin/sh $undo timer" 2>&1) || return 1
  # The next timer is started before the last one is stopped, so there always is one.
  [ "$armed" -eq 0 ] || systemctl stop "$timer-$armed.timer"
  armed=$((armed + 1))
}

# Each byte from the client gives the change its full time again. Without one the time runs out, the host undoes the
# change, and the lock is of no use any more.
transaction_hold() {
  while [ -n "$(timeout $(($1 + 5)) head -c 1)" ]; do
    transaction_renew || break
  done
}

# The change stays: from the removal of the undo program on, nothing takes it back.
transaction_confirm() {
  if transaction_while_ours "$1" transaction_keep -w 60; then
    # This comes before the word: where the link is gone, the first word that is told ends this shell.
    transaction_clean_up
    tell confirmed
  else
    tell undone "$(cat $last)"
  fi
}

transaction_keep() {
  rm -f $undo || return 1
  # From here on the change is confirmed, also where the disk cannot be written.
  sync $pending || sync || :
}

transaction_undo() {
  if transaction_waits "$1" 2>/dev/null; then sh $undo dockroute >&2; fi
  if transaction_waits "$1" 2>/dev/null; then
    tell failed "$(cat $last)"
  else
    tell undone "$(cat $last)"
    transaction_forget_last
  fi
  # A power cut in the middle of a confirmation leaves the folder without the program. The holder of the lock may be
  # about to write the program.
  if [ -d $pending ] && [ ! -e $undo ] && transaction_open_lock && flock -n 9; then
    transaction_clean_up
    transaction_forget_unit
    rm -f $lock
  fi
}

# --- for several verbs ---

transaction_waits() {
  grep -qx "# Token $1" $undo
}

# transaction_while_ours TOKEN ACTION FLOCK-OPTIONS: the action runs only while this change waits and nothing undoes it.
transaction_while_ours() {
  ours=$1
  action=$2
  shift 2
  # A full disk is no reason to stop: then nobody knows whom to end.
  { flock "$@" 8 && { transaction_note $turn 2>/dev/null || :; } && transaction_waits "$ours" && "$action"; } 8<$pending
}

# Writes down this shell and its process group.
transaction_note() {
  read -r _ _ _ _ group _ </proc/$$/stat && echo "$$ $group" >"$1"
}

# Removes the rest once the undo program is gone, also after a power cut in the middle of it. A program that fails is
# given a second try.
transaction_clean_up() {
  transaction_clean || transaction_clean
}

# The folder goes last, so that where its removal fails too, the next change tries again.
transaction_clean() {
  systemctl stop 'dockroute-undo-*.timer' 2>/dev/null
  rm -f $link $unit
  [ ! -e $made_wants ] || rmdir $wants 2>/dev/null
  [ -e $unit ] || [ -L $link ] || rm -rf $pending
  rmdir $home 2>/dev/null
  [ ! -d $pending ]
}

# systemd remembers a unit that was there at boot, though its file is gone.
transaction_forget_unit() {
  systemctl show -p LoadState dockroute-undo.service 2>/dev/null | grep -qx LoadState=loaded && systemctl daemon-reload
}

# Removes the outcome of the last undo, once it is told.
transaction_forget_last() {
  rm -f $last
  rmdir $home 2>/dev/null
  transaction_forget_unit
}

# --- the undo program ---

# The program is kept where one of its steps failed, so that the next trigger tries again instead of piling up
# changes. Only one runs at a time; a second one finds nothing left to do.
transaction_take_back() {
  by=$1
  [ -d $pending ] || exit 0
  if [ "$by" = timer ]; then transaction_let_service_end || exit 0; fi
  [ -d $pending ] || exit 0
  exec 8<$pending
  flock -w 30 8 || transaction_take_over || exit 1
  [ -e $undo ] || exit 0
  # The unit for boot has its turn only after a boot: then no timer runs.
  if [ "$by" = boot ] && systemctl -q is-active 'dockroute-undo-*.timer'; then exit 0; fi
  [ "$by" != timer ] || transaction_end_maker 2>/dev/null
  failures=
  # The steps after a restart of a service wait until the service has started with the result of the steps before:
  # Docker must start once with its old bip before the key is removed. At boot Docker's own start is later than this.
  [ "$by" = boot-rest ] || transaction_first
  if command -v transaction_rest >/dev/null; then
    if [ "$by" = boot ] && transaction_leave_rest; then exit 0; fi
    transaction_rest
  fi
  # The next run tells the outcome. Nothing else is left of the change.
  result=undone
  [ -z "$failures" ] || result="not undone in full, these steps failed: ${failures#; }"
  # shellcheck disable=SC2154 # STEPS, above this text, has set it
  printf '%s\n' "$(date -u +%FT%TZ) by ${by%-rest}: $result: $why" >$last
  [ -z "$failures" ] || exit 1
  rm -f $undo && sync $pending
  transaction_clean_up
  exit 0
}

# A service that is slow to start is not stopped in the middle of it: the change has its time again once the service has
# started or failed, which may take 10 minutes. Fails where the maker has had a turn since, and so has another timer.
transaction_let_service_end() {
  waited=0
  while [ "$waited" -lt 600 ] && transaction_has_job; do
    [ "$waited" -gt 0 ] || : >$slow
    waited=$((waited + 1))
    sleep 1
  done
  [ "$waited" -gt 0 ] || return 0
  sleep 5
  [ ! $turn -nt $slow ]
}

# shellcheck disable=SC2154 # STEPS sets it where one of them restarts a service
transaction_has_job() {
  [ -n "${service-}" ] && systemctl show -p Job "$service" 2>/dev/null | grep -q '^Job=[1-9]'
}

# A shell that looks whether the change still waits holds the undo up for a moment. One that hangs is ended.
transaction_take_over() {
  if read -r shell group <$turn; then transaction_end "$shell" "$group" $pending; fi
  flock -w 600 8
}

# A step that hangs would hold the host's lock for as long: when its time is over, its shell is ended with it.
transaction_end_maker() {
  read -r shell group <$maker && transaction_holds "$shell" $lock || return 0
  # A killed shell takes nothing along.
  transaction_end "$shell" "$group" $lock || rm -f $lock
}

# Ends a shell that hangs, with its group, and fails where it had to be killed.
transaction_end() {
  transaction_holds "$1" "$3" || return 0
  kill -s TERM -- "-$2"
  sleep 1
  transaction_holds "$1" "$3" || return 0
  kill -s KILL -- "-$2"
  return 1
} 2>/dev/null

# True if a process holds a file: this tells a shell from another process that has got its number. The descriptor may
# have any number, for dash keeps it under another one while a command runs without it.
transaction_holds() {
  for fd in "/proc/$1/fd/"*; do
    [ ! "$fd" -ef "$2" ] || return 0
  done
  return 1
}

transaction_leave_rest() {
  systemd-run --quiet --collect --no-block --unit=dockroute-undo-rest -p After=docker.service \
    -p Wants=docker.service /bin/sh $undo boot-rest
}

# transaction_step COMMAND: at boot Docker waits for this program, so this program must not wait for Docker.
transaction_step() {
  if [ "$by" = boot ] && [ "$1" = systemctl ]; then
    shift
    set -- systemctl --no-block "$@"
  fi
  timeout 300 "$@" 8<&- 9>&-
}

# transaction_failed WHY [LINES]: the lines tell why, as the service itself does.
transaction_failed() {
  failures="$failures; $1${2:+ ($(printf '%s' "$2" | tr '\n' ' '))}"
}
