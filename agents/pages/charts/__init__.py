"""One chart an idea: from the frames of a run to a figure, or to what is still missing for one."""
