"""The diffusion loop: from noise to latents by a model's answers, in numpy."""
