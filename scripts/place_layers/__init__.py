"""The parts of `make_place_layers.py`: made-up layers laid over real boundaries of villages."""
