"""Sound through a codec pack: latents to sound in pieces that join without a seam, and sound to latents."""
