"""The demonstration: real photographs, bursts made of them, and a run of the plugin on them."""
