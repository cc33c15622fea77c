"""A server that never becomes ready: it tells its own number and waits."""

import os
import time

os.write(1, b"%d" % os.getpid())
time.sleep(60)
