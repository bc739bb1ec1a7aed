"""What every process of ours does alike: owned tasks, pools, log files, waiting, what the machine refuses."""
