"""The audio codec: a small variational autoencoder of sound, trained here and shipped as a pack."""
