"""How nodes run, exactly: operators over one log, partitions, snapshots, replay, signatures. It knows no node."""
