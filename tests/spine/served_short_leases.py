"""``local.served`` with leases of seconds, so that a test need not wait for those of a killed process.

Leases of 90 s and 16 minutes last for seconds here; the order of steps is the same.
"""

import sys

from sealrun.runs import record

# Before anything else imports them.
record.START_LEASE = 14
record.COLLECT_LEASE = 10
record.UNCLEAR_WAIT = 12
record.SEARCH_GAP = 2
record.SEND_WITHIN = 6

if __name__ == "__main__":
    from local.served import main

    sys.exit(main())
