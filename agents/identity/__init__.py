"""What computes, as names and digests: the code of the loop, plug-ins, libraries, and how snapshots are laid out."""
