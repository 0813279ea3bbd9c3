"""`python -m onebook_firmware_sim` is `onebook sim`."""

import sys

from onebook_firmware_sim.cli import main

sys.exit(main())
