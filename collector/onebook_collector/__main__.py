"""`python -m onebook_collector` = `onebook collector`."""

import sys

from onebook_collector.cli import main

sys.exit(main(sys.argv[1:]))
