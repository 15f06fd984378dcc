"""What each `tutor` command does; `tutor/cli.py` reads the arguments, constructs things and calls in here."""
