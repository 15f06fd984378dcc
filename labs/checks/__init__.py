"""Reference checks (`tutor lab verify`) that are too long to stand in the lab's own file."""
