"""Small pieces that the models are made of. Their parameters are named as public checkpoints name them."""
