"""`python -m onebook_edge` = `onebook edge`."""

import sys

from onebook_edge.cli import main

sys.exit(main(sys.argv[1:]))
