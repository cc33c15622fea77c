"""The ``sealrun`` command: buy a call, open and leave an account, settle what is due."""
