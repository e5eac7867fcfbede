"""The corpus: endless synthetic edits with their music, to train on.

`recipe` draws an edit from a seed, `film` paints it, `item` looks at it and scores it as the product does, `shelf`
keeps many of them on disk. `reading` needs numpy alone, so that what was made here can be read anywhere.
"""
