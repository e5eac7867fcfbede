"""Diff-V2M: a diffusion transformer over a codec's latents that hears colour first, then meaning and rhythm.

`config` holds the sizes; `conditioners`, `predictor`, `block`, `fusion`, `transformer` and `model` are the network, named as
its public checkpoint is; `rhythm`, `coder`, `latents` and `data` make what it is trained on; `objective` and `train` train it;
`public` reads weights from outside; `parts`, `export` and `released` make a pack.

Two policies run through all of it. `compat` does what was released, so that a public checkpoint gives what it gave. `fixed`
mends what is broken there:

- what is heard first is colour; released, it is the rhythm once more
- tokens have a time: keys and queries turn by seconds, and the rhythm lies beside the latents as an aligned curve
- rhythm has a row a latent, and none is left out at the end of a clip; released, a row a second, the first one left out
- meaning and rhythm are both heard at all times of the diffusion; released, a switch at 0.2 leaves one of them dead
- masks are truths: all samples count in the predictor's loss; released, sample 1 does
- all conditions are dropped together in a tenth of the samples, as guidance asks at the end
- norms stand before a branch; released, they replace what flows past it, twice a block
- predicted rhythm teaches the rhythm's encoder; what modulates contexts does not pile up from block to block
- the averaged weights are the ones that are used
"""
