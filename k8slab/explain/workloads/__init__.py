"""Why a workload has not the pods it wants: Deployment, ReplicaSet, StatefulSet, DaemonSet, Job, CronJob."""
