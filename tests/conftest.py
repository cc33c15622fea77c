"""For all tests: a property holds or not, however long this machine takes to find out."""

from hypothesis import settings

settings.register_profile("sealrun", deadline=None)
settings.load_profile("sealrun")
