"""The parts of `make_sample_data.py`: a kecamatan that does not exist, made from one seed."""
