"""`python -m dlcodegen_core`."""

import sys

from dlcodegen_core.cli import main

sys.exit(main())
