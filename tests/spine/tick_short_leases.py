"""``sealrun`` with leases of seconds: those of a tick that is killed last as long as they say."""

from tests.spine import served_short_leases  # noqa: F401  before anything else imports them

if __name__ == "__main__":
    from sealrun_cli.main import run

    run()
