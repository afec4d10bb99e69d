"""The embedded cluster as a process: ``python -m k8slab.sim`` is `k8slab.sim.server.main`, started a little quicker.

Nearly everything that a starting process makes stays. So the garbage collector, which would look through it again and again
for a twelfth of the time to start, is off until the API answers; `main` turns it on.
"""

import gc
import sys

if __name__ == "__main__":
    gc.disable()

    from k8slab.sim.server import main

    sys.exit(main())
