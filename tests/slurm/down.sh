#!/usr/bin/env bash
# Ends what up.sh started: its jobs, its daemons, its configuration.
set -uo pipefail
readonly STATE=${SLURM_TEST_STATE:-/tmp/slurm-of-one-node}
readonly MARK="# of tests/slurm/up.sh"

grep -qF "$MARK" /etc/slurm/slurm.conf 2> /dev/null || exit 0
scancel --user="$(id -un)" 2> /dev/null
for daemon in slurmd slurmctld; do
    [ -e "$STATE/$daemon.pid" ] && kill "$(cat "$STATE/$daemon.pid")" 2> /dev/null
done
[ -e "$STATE/munge-is-ours" ] && kill "$(cat /run/munge/munged.pid)" 2> /dev/null
for _ in $(seq 30); do
    pgrep -x slurmd > /dev/null || pgrep -x slurmctld > /dev/null || break
    sleep 1
done
rm -rf "$STATE" /etc/slurm/slurm.conf /etc/slurm/gres.conf
