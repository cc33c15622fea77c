"""The buyer's side for agents: a wallet with caps behind a local server of the Model Context Protocol."""
