/**
 * The shim: the parent of a container's (or pause's) first process. It outlives the runtime, so it is a shell of a few
 * hundred kilobytes and not a Node process. Its directory is the whole interface between the two:
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
 * `$2` is the lifeline (may be empty): a FIFO that the host's supervisor holds open. At its end of file everything is
 * killed. `$3` says how to find the processes: `namespace` (killing main kills all) or `session`; `$4` is the mark.
 */
export const shimScript = `cd "$1" || exit 1
exec 7<>alive
set -C
{ : >claim; } 2>/dev/null || exit 0
set +C
read -r stat </proc/self/stat && echo "$stat" >shim.stat

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
lifeline=$2 tree=$3 mark=$4

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
    kill -9 -$$
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
`
