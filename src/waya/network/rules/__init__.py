"""Pure rules of the network: what a router should hold, and the steps that get it there."""
