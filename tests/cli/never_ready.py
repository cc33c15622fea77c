"""A server that never becomes ready: it tells its own number and waits."""

import os
import time

print(os.getpid(), flush=True)
time.sleep(60)
