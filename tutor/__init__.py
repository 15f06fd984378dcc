"""The tutor. An old Python is refused here, in words, before it stumbles over what it does not know."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - whoever runs a checkout has read no metadata
    sys.stderr.write("Python 3.11 or later is needed, and this is %s.\n" % sys.version.split()[0])  # noqa: UP031
    raise SystemExit(2)
