"""One script for each change, in the order of their numbers. A script that was released is never changed."""
