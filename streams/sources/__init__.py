"""Where ticks come from: files of several formats, and a synthetic market."""
