"""Diff-V2M: music from a diffusion model that is told the picture, second by second, and the rhythm of the plan."""
