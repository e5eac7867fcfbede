"""Where models come from: architectures, training, export. torch lives here, and only here."""

# The first words of the command line that lead here, and what each does. Importing this costs nothing.
COMMANDS = {
    "export": "write a model as a pack",
    "train": "train a model",
    "corpus": "make the edits and the music that models learn from",
}
