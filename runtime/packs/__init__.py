"""Models, ready to run: packs of ONNX graphs, opened with suspicion, and the sessions that play them."""
