"""What all processes share: background tasks, pools, log files, waiting, and errors of the operating system."""
