#!/usr/bin/env bash
# Starts a Slurm cluster of one node, this one, without systemd: for
# tests/slurm/test_slurm.py. Needs Debian's packages slurm-wlm and munge, and root, for
# whom it is: its configuration, /etc/slurm/slurm.conf, must not be another cluster's.
# down.sh ends it.
set -euo pipefail
readonly STATE=${SLURM_TEST_STATE:-/tmp/slurm-of-one-node}
readonly MARK="# of tests/slurm/up.sh"

[ "$(id -u)" = 0 ] || { echo "up.sh needs root" >&2; exit 2; }
for program in munged slurmctld slurmd sbatch; do
    command -v "$program" > /dev/null || { echo "there is no $program" >&2; exit 2; }
done
for file in /etc/slurm/slurm.conf /etc/slurm/gres.conf; do
    if [ -e "$file" ] && ! grep -qF "$MARK" "$file"; then
        echo "$file belongs to another cluster" >&2
        exit 2
    fi
done

mkdir -p /etc/slurm "$STATE"/{controller,node}
node=$(hostname -s)
# More processors and memory than there are, and GPUs that are none: what a job asks for
# is accounted for, and no more.
{
    echo "$MARK"
    cat << EOF
ClusterName=one
SlurmctldHost=$node(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
GresTypes=gpu
SlurmdParameters=config_overrides
ReturnToService=2
MinJobAge=600
SchedulerParameters=sched_interval=2,batch_sched_delay=1
StateSaveLocation=$STATE/controller
SlurmdSpoolDir=$STATE/node
SlurmctldPidFile=$STATE/slurmctld.pid
SlurmdPidFile=$STATE/slurmd.pid
SlurmctldLogFile=$STATE/slurmctld.log
SlurmdLogFile=$STATE/slurmd.log
NodeName=$node NodeAddr=127.0.0.1 CPUs=16 RealMemory=256000 Gres=gpu:4
PartitionName=all Nodes=$node Default=YES MaxTime=INFINITE State=UP
EOF
} > /etc/slurm/slurm.conf
printf '%s\nName=gpu File=/dev/tty[0-3]\n' "$MARK" > /etc/slurm/gres.conf

if ! pgrep -x munged > /dev/null; then
    install -d -o munge -g munge -m 755 /run/munge
    install -d -o munge -g munge -m 700 /var/log/munge /var/lib/munge /etc/munge
    [ -e /etc/munge/munge.key ] || runuser -u munge -- mungekey --create
    runuser -u munge -- munged --pid-file "/run/munge/munged.pid"
    touch "$STATE/munge-is-ours"
fi
slurmctld
slurmd

for _ in $(seq 60); do
    if [ "$(sinfo --noheader --format=%T 2> /dev/null)" = idle ]; then
        sinfo
        exit 0
    fi
    sleep 1
done
echo "the node is not idle after a minute: see $STATE/*.log" >&2
exit 1
