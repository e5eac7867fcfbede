"""The panel's widgets. They read the state, watch it, and call actions; what is slow runs elsewhere."""
