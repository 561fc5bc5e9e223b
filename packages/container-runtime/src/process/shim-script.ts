/**
 * The shim: the parent of a container's (or pause's) first process. It outlives the runtime, so it is a shell of a few
 * hundred kilobytes and not a Node process; shim-launcher.ts forks it. Its directory is the interface to the runtime:
 *
 *   run.sh     what to start, written by the runtime; it reports by main.stat or error, and `started` on fd 7
 *   alive      FIFO: end of file means that the shim is gone; words on it are a doorbell, the files are the truth
 *   out, err   FIFOs: the output, copied by cat to the files stdout and stderr (containers only). Pipes and not files,
 *              so that opening /dev/stdout works as everywhere and truncates nothing
 *   in         FIFO: the input, held open until USR1 (containers with stdin only)
 *   claim      who comes first: a shim that starts, or a runtime that gives a half-started container up
 *   shim.stat  the shim's /proc/PID/stat; main.stat the first process's
 *   exit       the exit code; its file time is when
 *
 * `$lifeline` (may be empty) is a FIFO that the host's supervisor holds open. At its end of file everything is killed.
 * `$1` says how to find the processes: `namespace` (killing main kills all) or `session`; `$2` is the mark.
 *
 * The launcher reads orders `<$1> <$2> <directory>` and forks a shim for each, with the doorbell open; when the shim has
 * it, it answers with a line: from then on the doorbell's end tells of the shim's, and not before. An empty order only
 * makes it take the exits of children that have ended, and `remove - <directory>` removes one. `$$` is the launcher's pid in all of them, `$shim` the shim's.
 */
export const launcherScript = `
lifeline=$1
kill_main() {
  [ -s main.stat ] && read -r pid rest <main.stat && kill -9 "$pid"
  kill -9 "$main"
}
kill_session() {
  [ -s main.stat ] && read -r session rest <main.stat || return 0
  for pass in 1 2 3 4 5 6 7 8 9; do
    found=
    for p in $(grep -lsE "^[0-9]+ \\(.*\\) [^Z] [0-9]+ [0-9]+ $session " /proc/[0-9]*/stat
      grep -lsz "^$mark\\$" /proc/[0-9]*/environ); do
      p=\${p#/proc/}
      kill -9 "\${p%%/*}" && found=yes
    done
    [ -z "$found" ] && return 0
  done
}

run_shim() {
  tree=$1 mark=$2
  cd "$3" && exec </dev/null >>shim.log 2>&1 || exit 1
  set -C
  { : >claim; } 2>/dev/null || exit 0
  set +C
  read -r stat </proc/self/stat && echo "$stat" >shim.stat
  shim=\${stat%% *}

  if [ -p out ]; then
    cat <out >>stdout 7>&- &
    copy_out=$!
    cat <err >>stderr 7>&- &
    copy_err=$!
    if [ -p in ]; then
      exec 6<>in
      trap 'exec 6>&-' USR1
      ( trap - USR1; . ./run.sh ) <in >out 2>err 6>&- &
    else
      ( . ./run.sh ) </dev/null >out 2>err &
    fi
  else
    ( . ./run.sh ) </dev/null >>shim.log 2>&1 &
  fi
  main=$!

  if [ -n "$lifeline" ]; then
    (
      trap '' USR1
      exec 6>&- 7>&-
      if [ -p "$lifeline" ]; then
        exec 9<>"$lifeline" 8<"$lifeline" 9>&-
        while read -r word <&8; do :; done
      fi
      [ "$tree" = session ] && kill_session 2>/dev/null
      kill_main 2>/dev/null
      kill -9 $copy_out $copy_err $shim
    ) &
    watcher=$!
  fi

  wait "$main"
  code=$?
  while [ "$code" -gt 128 ] && kill -0 "$main" 2>/dev/null; do
    wait "$main"
    code=$?
  done
  [ "$tree" = session ] && kill_session 2>/dev/null
  [ -n "$watcher" ] && kill -9 "$watcher"
  echo "$code" >exit
  echo exited >&7
  wait $copy_out $copy_err
}

while read -r tree mark dir; do
  jobs >/dev/null
  if [ "$tree" = remove ]; then
    rm -rf "$dir" >/dev/null &
  elif [ -p "$dir/alive" ]; then
    exec 7<>"$dir/alive"
    run_shim "$tree" "$mark" "$dir" &
    exec 7>&-
    echo begun
  elif [ -n "$dir" ]; then
    echo "$dir is no directory for a shim"
  fi
done
`
