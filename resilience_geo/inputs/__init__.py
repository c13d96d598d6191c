"""Reading rooms: the only ones that open a file or the network. Input is checked here, once."""
